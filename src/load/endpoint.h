#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace holdfast::load {

// Where the server is, and who asks. `bearer` is the API key, empty for none.
struct Endpoint {
  std::string host;
  std::string port;
  std::string bearer;

  // As in a Host header: IPv6 addresses in brackets.
  std::string authority() const;
  std::string url() const { return "http://" + authority(); }
};

// "http://host[:port][/]"; the error is a sentence for the person who typed it.
tl::expected<Endpoint, std::string> parse_url(std::string_view url);

struct Header {
  std::string name;
  std::string value;
};

struct Request {
  std::string method;
  std::string target;
  std::string body;  // JSON; empty for none
  std::vector<Header> headers;
};

// The bytes of the request, appended to `out`. Names and values must be clean of CR and LF.
void append_request(const Endpoint& endpoint, const Request& request, std::string& out);

}  // namespace holdfast::load
