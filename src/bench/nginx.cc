#include "bench/nginx.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "bench/server.h"

namespace holdfast::bench {
namespace {

constexpr const char* kProgram = "/usr/sbin/nginx";

// Everything that nginx would write is in `folder`, or nowhere.
constexpr const char* kConfig = R"(daemon off;
worker_processes auto;
worker_rlimit_nofile 8192;
pid {0}/nginx.pid;
error_log stderr error;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {0}/body;
  proxy_temp_path {0}/proxy;
  fastcgi_temp_path {0}/fastcgi;
  uwsgi_temp_path {0}/uwsgi;
  scgi_temp_path {0}/scgi;
  server {{
    listen {1};
    location / {{ return 200 "sold out"; }}
  }}
}}
)";

}  // namespace

Result<void> compare_with_nginx(Stage& stage, const std::string& log_dir, Results& results) {
  if (access(kProgram, X_OK) != 0) {
    stage.done("nginx", "is not installed: not compared");
    return {};
  }
  const auto endpoint = free_endpoint();
  if (!endpoint) {
    return tl::make_unexpected(endpoint.error());
  }
  const std::string folder = std::filesystem::absolute(log_dir + "/nginx").string();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const std::string config = folder + "/nginx.conf";
  std::ofstream(config) << fmt::format(kConfig, folder, endpoint->authority());
  const auto server =
      start_server({kProgram, "-p", folder, "-e", "stderr", "-c", config}, *endpoint, "/",
                   log_dir + "/bench-nginx.log", stage.interrupted());
  if (!server) {
    return tl::make_unexpected(server.error());
  }
  Orders orders(*endpoint, stage.shape("n"));
  const auto run = stage.bounds("nginx", stage.options().part(0.25, 1));
  const auto result = stage.drive_at(*endpoint, orders, run, {{200}}, "nginx");
  if (!result) {
    return tl::make_unexpected(result.error());
  }
  results.nginx_per_s = result->answered_per_second();
  results.sold_out_ratio_to_nginx = results.sold_out_per_s.value() / *results.nginx_per_s;
  stage.done("nginx", fmt::format("{:.0f} answers/s", *results.nginx_per_s));
  return {};
}

}  // namespace holdfast::bench
