// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Client::Upload: the whole input under its SHA-256. A server that has it says so after the first
// message.
#include <grpcpp/client_context.h>
#include <openssl/sha.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "client/client.h"
#include "client/status.h"

namespace hanga::client {
namespace {

constexpr size_t kPieceBytes = 1 << 20;

std::string Sha256Of(std::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return absl::BytesToHexString(digest);
}

}  // namespace

absl::StatusOr<v1::BlobRef> Client::Upload(std::string_view bytes) {
  grpc::ClientContext context;
  Authorise(context);
  v1::UploadBlobResponse response;
  auto stream = generation_->UploadBlob(&context, &response);
  v1::UploadBlobRequest piece;
  piece.set_sha256(Sha256Of(bytes));
  piece.set_size_bytes(bytes.size());
  // A write fails where the server has ended the call, well or not: Finish() says which.
  bool wanted = stream->Write(piece);
  for (size_t at = 0; wanted && at < bytes.size(); at += kPieceBytes) {
    piece.Clear();
    piece.set_data(bytes.data() + at, std::min(kPieceBytes, bytes.size() - at));
    wanted = stream->Write(piece);
  }
  stream->WritesDone();
  if (absl::Status status = FromGrpc(stream->Finish(), options_.address); !status.ok()) {
    return status;
  }
  return response.blob();
}

}  // namespace hanga::client
