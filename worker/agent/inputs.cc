// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/inputs.h"

#include <openssl/sha.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

constexpr uint64_t kMostBytes = uint64_t{256} << 20;  // of one input

std::string Sha256Of(const std::string& bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest), sizeof digest));
}

std::set<std::string> NamesIn(const v1::GenerationSpec& spec) {
  std::set<std::string> names;
  if (spec.has_init_image()) names.insert(spec.init_image().sha256());
  if (spec.has_mask()) names.insert(spec.mask().sha256());
  for (const v1::Control& control : spec.controls()) names.insert(control.image().sha256());
  for (const v1::Lora& lora : spec.loras()) {
    if (lora.has_file()) names.insert(lora.file().sha256());
  }
  for (const v1::Embedding& embedding : spec.embeddings()) {
    if (embedding.has_file()) names.insert(embedding.file().sha256());
  }
  return names;
}

}  // namespace

Inputs::Inputs(uint64_t kept_bytes, Outbox* outbox, Ready ready, Failed failed)
    : kept_bytes_(kept_bytes),
      outbox_(*outbox),
      ready_(std::move(ready)),
      failed_(std::move(failed)) {}

void Inputs::Prepare(v1::Assignment assignment) {
  InputSet inputs;
  {
    const absl::MutexLock lock(&mutex_);
    std::set<std::string> missing;
    for (const std::string& sha256 : NamesIn(assignment.spec())) {
      if (!kept_.contains(sha256)) missing.insert(sha256);
    }
    if (!missing.empty()) {
      const AttemptKey key = KeyOf(assignment.attempt());
      waiting_[key] = {std::move(assignment), std::move(missing)};
      AskForMissing();
      return;
    }
    inputs = Take(assignment.spec());
    Trim();
  }
  ready_(std::move(assignment), std::move(inputs));
}

void Inputs::AskForMissing() {
  for (const auto& [key, waiting] : waiting_) {
    for (const std::string& sha256 : waiting.missing) {
      const auto [incoming, begun] = incoming_.try_emplace(sha256);
      if (!begun) continue;
      incoming->second.for_attempt = waiting.assignment.attempt();
      Ask(sha256, incoming->second);
    }
  }
}

void Inputs::Ask(const std::string& sha256, Incoming& incoming) {
  v1::InputRequest request;
  *request.mutable_attempt() = incoming.for_attempt;
  request.set_sha256(sha256);
  request.set_offset(incoming.bytes.size());
  outbox_.Ask(std::move(request));
}

void Inputs::OnPiece(const v1::InputPiece& piece) {
  std::vector<Waiting> ready;
  std::vector<InputSet> inputs;
  absl::Status status(static_cast<absl::StatusCode>(piece.code()), piece.message());
  {
    const absl::MutexLock lock(&mutex_);
    const auto found = incoming_.find(piece.sha256());
    // Asked for twice, over a reconnect, or for a task that is gone.
    if (found == incoming_.end()) return;
    Incoming& incoming = found->second;
    if (status.ok() && piece.offset() != incoming.bytes.size()) return;
    const uint64_t left = piece.size_bytes() - incoming.bytes.size();
    if (status.ok() && (piece.size_bytes() > kMostBytes || piece.data().size() > left ||
                        (piece.data().empty() && left > 0))) {
      status = absl::DataLossError("its pieces do not fit together");
    }
    if (status.ok()) {
      incoming.bytes += piece.data();
      if (incoming.bytes.size() < piece.size_bytes()) return Ask(piece.sha256(), incoming);
      std::string bytes = std::move(incoming.bytes);
      incoming_.erase(found);
      if (Sha256Of(bytes) == piece.sha256()) {
        ready = Arrived(piece.sha256(), std::move(bytes));
        for (const Waiting& task : ready) inputs.push_back(Take(task.assignment.spec()));
        Trim();
      } else {
        status = absl::DataLossError("its bytes are not those that its name says");
      }
    }
  }
  if (!status.ok()) return Fail(piece.sha256(), status);
  for (size_t i = 0; i < ready.size(); ++i) {
    ready_(std::move(ready[i].assignment), std::move(inputs[i]));
  }
}

// Keeps the bytes; the tasks that have all they need now.
std::vector<Inputs::Waiting> Inputs::Arrived(const std::string& sha256, std::string bytes) {
  bytes_ += bytes.size();
  uses_.push_back(sha256);
  kept_[sha256] = {std::make_shared<const std::string>(std::move(bytes)), std::prev(uses_.end())};
  std::vector<Waiting> ready;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    it->second.missing.erase(sha256);
    if (it->second.missing.empty()) {
      ready.push_back(std::move(it->second));
      it = waiting_.erase(it);
    } else {
      ++it;
    }
  }
  return ready;
}

InputSet Inputs::Take(const v1::GenerationSpec& spec) {
  InputSet inputs;
  for (const std::string& sha256 : NamesIn(spec)) {
    Kept& kept = kept_.at(sha256);
    uses_.splice(uses_.end(), uses_, kept.use);
    inputs[sha256] = kept.bytes;
  }
  return inputs;
}

// Of the inputs that a task waits with, none goes before the others have come.
void Inputs::Trim() {
  std::set<std::string> needed;
  for (const auto& [key, waiting] : waiting_) needed.merge(NamesIn(waiting.assignment.spec()));
  for (auto use = uses_.begin(); use != uses_.end() && bytes_ > kept_bytes_;) {
    if (needed.contains(*use)) {
      ++use;
      continue;
    }
    const auto kept = kept_.find(*use);
    bytes_ -= kept->second.bytes->size();
    kept_.erase(kept);
    use = uses_.erase(use);
  }
}

void Inputs::Fail(const std::string& sha256, const absl::Status& status) {
  std::vector<v1::AttemptRef> failed;
  {
    const absl::MutexLock lock(&mutex_);
    incoming_.erase(sha256);
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      if (it->second.missing.contains(sha256)) {
        failed.push_back(it->second.assignment.attempt());
        it = waiting_.erase(it);
      } else {
        ++it;
      }
    }
    // Whoever is left may have waited for what a failed task had asked for.
    AskForMissing();
  }
  const absl::Status said(status.code(),
                          absl::StrCat("input ", sha256.substr(0, 12), ": ", status.message()));
  for (const v1::AttemptRef& attempt : failed) failed_(attempt, said);
}

void Inputs::Connected() {
  const absl::MutexLock lock(&mutex_);
  for (auto& [sha256, incoming] : incoming_) Ask(sha256, incoming);
}

bool Inputs::Drop(const v1::AttemptRef& attempt) {
  const absl::MutexLock lock(&mutex_);
  if (waiting_.erase(KeyOf(attempt)) == 0) return false;
  // The scheduler answers for current attempts alone: others that wait ask in their own name.
  std::erase_if(incoming_, [&](const auto& entry) {
    return KeyOf(entry.second.for_attempt) == KeyOf(attempt);
  });
  AskForMissing();
  return true;
}

std::vector<v1::AttemptRef> Inputs::DropAll() {
  const absl::MutexLock lock(&mutex_);
  std::vector<v1::AttemptRef> dropped;
  for (const auto& [key, waiting] : waiting_) dropped.push_back(waiting.assignment.attempt());
  waiting_.clear();
  incoming_.clear();
  return dropped;
}

}  // namespace hanga
