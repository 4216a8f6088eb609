#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace holdfast {

/// SHA-256 (FIPS 180-4) as 64 hex digits in lower case.
std::string sha256_hex(std::string_view content);

/// The same of a content that comes in parts.
class Sha256 {
 public:
  Sha256();
  void add(std::string_view part);
  /// Of all that was added; ends it.
  std::string hex();

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

}  // namespace holdfast
