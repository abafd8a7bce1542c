// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/expression.h"

#include <cctype>
#include <map>

#include "absl/strings/str_cat.h"
#include "placement/expression_cursor.h"
#include "placement/expression_quota.h"

namespace hanga::placement {
namespace {

std::optional<Phase> SectionPhase(const std::string& name) {
  if (name == "unet" || name == "transformer" || name == "denoiser") return Phase::kDenoiser;
  if (name == "clip" || name == "text_encoder") return Phase::kTextEncoder;
  if (name == "vae") return Phase::kVae;
  return std::nullopt;
}

// Recursive descent; each method is one rule of the grammar.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), cursor_(text) {}

  absl::StatusOr<Expression> Parse() {
    Expression expression;
    expression.text = std::string(text_);
    do {
      expression.sections.push_back(Section(expression));
    } while (cursor_.Take('|'));
    if (cursor_.ok() && !cursor_.AtEnd()) cursor_.Fail(cursor_.offset(), "\";\", \"|\" or the end");
    if (!cursor_.ok()) return cursor_.status();
    return expression;
  }

 private:
  // section := [name ":"] item {";" item} [";"] ["#" legacy]
  ExpressionSection Section(const Expression& so_far) {
    ExpressionSection section;
    cursor_.SkipSpace();
    section.offset = cursor_.offset();
    const std::string name = cursor_.Word();
    const std::optional<Phase> phase = SectionPhase(name);
    if (phase && cursor_.Take(':')) {
      section.phase = *phase;
    } else {
      cursor_.Rewind(section.offset);
    }
    if (so_far.Find(section.phase) != nullptr) {
      cursor_.Fail(section.offset,
                   absl::StrCat("one section for the ", std::string(PhaseName(section.phase))));
    }
    if (cursor_.Peek() != '#') {
      Item(&section);
      while (cursor_.ok() && cursor_.Take(';')) {
        if (cursor_.AtEnd() || cursor_.Peek() == '|') break;
        Item(&section);
      }
    }
    if (cursor_.Take('#')) Legacy(&section);
    if (cursor_.ok()) CheckSection(section);
    return section;
  }

  void Item(ExpressionSection* section) {
    cursor_.SkipSpace();
    const std::string_view item = cursor_.Ahead(";|#");
    if (item.find('@') != std::string_view::npos) return PinItem(section);
    if (item.find('=') != std::string_view::npos) return Option(section);
    AllocationItem(section);
  }

  // allocation := device "," quota ["," ("first" | "last" | "spread")]
  void AllocationItem(ExpressionSection* section) {
    const int start = cursor_.offset();
    Allocation allocation;
    allocation.device = Device();
    cursor_.Expect(',', "\",\" and how much, such as \",2.5gb\" or \",*\"");
    allocation.quota = ParseQuota(&cursor_);
    if (cursor_.Take(',')) {
      cursor_.SkipSpace();
      const int at = cursor_.offset();
      const std::string position = cursor_.Word();
      if (position == "first") {
        allocation.position = Position::kFirst;
      } else if (position == "last") {
        allocation.position = Position::kLast;
      } else if (position == "spread") {
        allocation.position = Position::kSpread;
      } else {
        cursor_.Fail(at, "first, last or spread");
      }
    }
    if (!cursor_.ok()) return;
    allocation.text = std::string(cursor_.From(start));
    section->allocations.push_back(std::move(allocation));
  }

  // device := "cpu" | "file" | ("cuda" | "cpu") ":" digits
  DeviceRef Device() {
    cursor_.SkipSpace();
    DeviceRef device;
    device.offset = cursor_.offset();
    device.name = cursor_.Word();
    if (device.name == "file") return device;
    if (device.name == "cpu" && cursor_.Peek() != ':') return device;
    if (device.name != "cuda" && device.name != "cpu") {
      const bool gpu = device.name.rfind("gpu", 0) == 0 || device.name.rfind("cuda", 0) == 0;
      cursor_.Fail(device.offset, "a device: cuda:N, cpu or file", gpu ? "cuda:0" : "");
      return device;
    }
    if (!cursor_.Take(':')) {
      cursor_.Fail(cursor_.offset(), "\":\" and the device's number", "cuda:0");
      return device;
    }
    const int at = cursor_.offset();
    const std::string number = cursor_.Word();
    const bool digits = !number.empty() && number.size() <= 4 &&
                        number.find_first_not_of("0123456789") == std::string::npos;
    if (!digits) {
      cursor_.Fail(at, "the device's number");
      return device;
    }
    absl::StrAppend(&device.name, ":", std::stoi(number));
    return device;
  }

  // pin := pattern "@" device
  void PinItem(ExpressionSection* section) {
    Pin pin;
    pin.offset = cursor_.offset();
    for (const char c : cursor_.Ahead("@")) {
      if (c != ' ' && c != '\t') pin.pattern += c;
    }
    CheckPattern(pin);
    cursor_.Rewind(pin.offset + static_cast<int>(cursor_.Ahead("@").size()));
    cursor_.Expect('@', "\"@\" and a device");
    pin.device = Device();
    if (cursor_.ok()) section->pins.push_back(std::move(pin));
  }

  void CheckPattern(const Pin& pin) {
    int depth = 0;
    for (const char c : pin.pattern) {
      const bool inside = std::isdigit(static_cast<unsigned char>(c)) || c == ',' || c == '-';
      const bool outside = std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' ||
                           c == '*' || c == '/';
      if (c == '[' && depth == 0) {
        depth = 1;
      } else if (c == ']' && depth == 1) {
        depth = 0;
      } else if (depth == 1 ? !inside : !outside) {
        return cursor_.Fail(pin.offset, "a block's name, with * and [0-9] where names differ");
      }
    }
    if (depth != 0) cursor_.Fail(pin.offset, "a closed bracket", pin.pattern + "]");
    if (pin.pattern.empty()) cursor_.Fail(pin.offset, "a block's name before \"@\"");
  }

  // option := "virtual_vram" "=" size | "donors" "=" device {"," device}
  //         | "compute" "=" (device | "local")
  void Option(ExpressionSection* section) {
    const int start = cursor_.offset();
    const std::string name = cursor_.Word();
    cursor_.Expect('=', "\"=\"");
    cursor_.SkipSpace();
    if (name == "virtual_vram") {
      if (section->virtual_vram) cursor_.Fail(start, "virtual_vram once");
      if (!section->donors.empty()) cursor_.Fail(start, "virtual_vram before its donors");
      section->virtual_vram = VirtualVram{ParseSize(&cursor_), start, {}};
    } else if (name == "donors") {
      if (!section->donors.empty()) cursor_.Fail(start, "donors once");
      (section->virtual_vram ? section->virtual_vram->donors : section->donors) = Devices();
    } else if (name == "compute") {
      if (section->compute || section->compute_local) cursor_.Fail(start, "compute once");
      if (cursor_.Ahead(";|#").substr(0, 5) == "local" && cursor_.Word() == "local") {
        section->compute_local = true;
      } else {
        section->compute = Device();
      }
    } else {
      cursor_.Fail(start, "virtual_vram=, donors= or compute=");
    }
  }

  std::vector<DeviceRef> Devices() {
    std::vector<DeviceRef> devices;
    do {
      devices.push_back(Device());
    } while (cursor_.ok() && cursor_.Take(','));
    return devices;
  }

  // legacy := device [";" [gigabytes] [";" device {"," device}]]: what DisTorch's nodes write.
  void Legacy(ExpressionSection* section) {
    const int start = cursor_.offset();
    section->compute = Device();
    VirtualVram virtual_vram{0, start, {}};
    if (cursor_.Take(';') && cursor_.Peek() != ';' && !cursor_.AtEnd()) {
      double gigabytes = 0;
      std::string spelling;
      cursor_.SkipSpace();
      virtual_vram.offset = cursor_.offset();
      if (cursor_.Number(&gigabytes, &spelling)) {
        virtual_vram.bytes = ToBytes(gigabytes, "gb", virtual_vram.offset, &cursor_);
      }
    }
    if (cursor_.Take(';') && !cursor_.AtEnd()) virtual_vram.donors = Devices();
    // Allocations decide; there the virtual part only fed DisTorch's accounting.
    const bool decided = !section->allocations.empty() || !section->pins.empty();
    if (!decided && cursor_.ok()) section->virtual_vram = virtual_vram;
  }

  void CheckSection(const ExpressionSection& section) {
    double percent = 0;
    std::map<std::string, double> share_of_device;
    bool rest = false;
    for (const Allocation& a : section.allocations) {
      const Quota& quota = a.quota;
      if (quota.kind == Quota::Kind::kRest) {
        if (rest) return cursor_.Fail(a.device.offset, "one \"*\" without a limit");
        rest = true;
      }
      double& share = share_of_device[a.device.name];
      if (quota.kind == Quota::Kind::kPercentOfModel) percent += quota.value;
      if (quota.kind == Quota::Kind::kFractionOfDevice) share += quota.value;
      if (quota.kind == Quota::Kind::kPercentOfFree) share += quota.value / 100;
      constexpr double kRounding = 1e-9;
      if (percent > 100 + kRounding) {
        return cursor_.Fail(a.device.offset,
                            absl::StrCat("shares of the model up to 100 % in all, not ", percent));
      }
      if (share > 1 + kRounding) {
        return cursor_.Fail(a.device.offset,
                            absl::StrCat("shares of ", a.device.name, " up to 1 in all"));
      }
    }
    if (section.virtual_vram && !section.allocations.empty()) {
      return cursor_.Fail(section.virtual_vram->offset, "either virtual_vram or allocations");
    }
    if (!section.donors.empty()) {
      const int at = section.donors.front().offset;
      if (!section.allocations.empty() || !section.pins.empty()) {
        return cursor_.Fail(at, "either donors or allocations");
      }
      if (section.compute_local) return cursor_.Fail(at, "compute= a device, where others lend");
    }
    if (section.compute && (section.compute->name == "cpu" || section.compute->name == "file")) {
      return cursor_.Fail(section.compute->offset, "a device that computes", "compute=cuda:0");
    }
  }

  const std::string_view text_;
  ExpressionCursor cursor_;
};

}  // namespace

const ExpressionSection* Expression::Find(Phase phase) const {
  for (const ExpressionSection& section : sections) {
    if (section.phase == phase) return &section;
  }
  return nullptr;
}

absl::StatusOr<Expression> ParseExpression(std::string_view text) {
  constexpr size_t kLongest = 16384;
  if (text.size() > kLongest) {
    return absl::InvalidArgumentError(absl::StrCat("placement: the expression has ", text.size(),
                                                   " characters; the limit is ", kLongest));
  }
  return Parser(text).Parse();
}

}  // namespace hanga::placement
