// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <filesystem>
#include <fstream>

#include "tests/gpu/gpu_test.h"
#include "worker/kernels/cuda_context.h"
#include "worker/kernels/linear.h"
#include "worker/kernels/product_choices.h"
#include "worker/residency/file_upload.h"

namespace hanga::gpu {
namespace {

using at::Tensor;

class UploadTest : public GpuTest {};

TEST_F(UploadTest, PiecesOfAnySizeArriveWhole) {
  HostBudget host(uint64_t{1} << 30, uint64_t{1} << 30);
  const auto upload = FileUpload::Make(at::Device(at::kCUDA, 0), &host);
  ASSERT_NE(upload, nullptr);
  for (int round = 0; round < 3; ++round) {
    std::vector<Tensor> from, to;
    for (const int64_t bytes : {1, 3, 4096, 8 << 20, (8 << 20) + 5, 50 << 20, 17}) {
      from.push_back(at::randint(0, 256, {bytes + 9}, at::kByte));
      to.push_back(at::full({bytes}, 7, at::device(at::kCUDA).dtype(at::kByte)));
      const auto* data = static_cast<const std::byte*>(from.back().const_data_ptr()) + 9;
      upload->Add({absl::MakeConstSpan(data, static_cast<size_t>(bytes)), nullptr},
                  static_cast<std::byte*>(to.back().mutable_data_ptr()));
    }
    upload->Finish();
    for (size_t i = 0; i < to.size(); ++i)
      EXPECT_TRUE(to[i].cpu().equal(from[i].narrow(0, 9, to[i].numel()))) << i;
  }
  upload->Finish();  // nothing is left to do
}

TEST_F(UploadTest, WithoutLockedMemoryThereIsNone) {
  HostBudget host(0, uint64_t{1} << 30);
  EXPECT_EQ(FileUpload::Make(at::Device(at::kCUDA, 0), &host), nullptr);
}

TEST_F(UploadTest, ChoicesOfProductsComeBackFromTheirFile) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(::testing::TempDir()) / "product_choices";
  fs::remove_all(folder);
  const Tensor x = at::randn({48, 80}, at::kCUDA), weight = at::randn({112, 80}, at::kCUDA);
  kernels::ProductChoices choices(folder);
  choices.Read();  // there is none yet
  kernels::Linear(x, weight, {});
  choices.Write();
  ASSERT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
  const fs::path file = *fs::directory_iterator(folder);
  const auto size = fs::file_size(file);
  EXPECT_GT(size, 0);
  kernels::ProductChoices again(folder);
  again.Read();
  again.Write();  // nothing new
  EXPECT_EQ(fs::file_size(file), size);
  std::ofstream(file, std::ios::trunc) << "damaged 1 2 3\n\n";
  again.Read();
  EXPECT_TRUE(kernels::Linear(x, weight, {}).isfinite().all().item<bool>());
}

}  // namespace
}  // namespace hanga::gpu
