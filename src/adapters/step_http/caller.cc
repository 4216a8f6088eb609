#include "adapters/step_http/caller.h"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <stdexcept>
#include <utility>

#include "adapters/step_http/limits.h"
#include "domain/assert.h"

namespace holdfast::step_http {
namespace {

void check(CURLMcode result) {
  if (result == CURLM_OK) return;
  spdlog::critical("libcurl: {}", curl_multi_strerror(result));
  HF_UNREACHABLE("libcurl cannot go on");
}

CURLM* open_multi() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM* const multi = started == CURLE_OK ? curl_multi_init() : nullptr;
  if (multi == nullptr) throw std::runtime_error("libcurl did not start");
  check(curl_multi_setopt(multi, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING)));
  check(curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, limits::kMaxIdleConnections));
  return multi;
}

/// OpenSSL writes to sockets in a way that raises SIGPIPE when the other side has gone, and with
/// CURLOPT_NOSIGNAL libcurl leaves that to its caller.
void block_sigpipe() {
  sigset_t pipe_only;
  sigemptyset(&pipe_only);
  sigaddset(&pipe_only, SIGPIPE);
  HF_ASSERT(pthread_sigmask(SIG_BLOCK, &pipe_only, nullptr) == 0);
}

std::int64_t sending_time(const QueuedCall& queued) {
  const auto waited = std::chrono::steady_clock::now() - queued.asked_on;
  const auto now = queued.asked_at.time_since_epoch() + waited;
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

}  // namespace

Caller::Caller(StepHttpOptions options, Sink sink)
    : options_(std::move(options)),
      sink_(std::move(sink)),
      multi_(open_multi()),
      thread_([this] { run(); }) {}

Caller::~Caller() {
  stop();
}

void Caller::call(QueuedCall queued) {
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    was_empty = mailbox_.empty();
    mailbox_.push_back(std::move(queued));
  }
  if (was_empty) check(curl_multi_wakeup(multi_.get()));
}

void Caller::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  check(curl_multi_wakeup(multi_.get()));
  thread_.join();
}

void Caller::run() {
  block_sigpipe();
  while (!stopping_) {
    take_calls();
    int still_running = 0;
    check(curl_multi_perform(multi_.get(), &still_running));
    collect();
    flush();
    // Returns at once while something that was begun above is to be performed.
    constexpr int kLongest = static_cast<int>(limits::kMaxPoll.count());
    check(curl_multi_poll(multi_.get(), nullptr, 0, kLongest, nullptr));
  }
  end_all();
}

void Caller::take_calls() {
  std::vector<QueuedCall> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(mailbox_);
  }
  for (auto& queued : taken) {
    const std::string url = queued.call.url;
    Endpoint& endpoint = endpoints_[url];
    endpoint.limit = std::max<std::size_t>(1, queued.call.concurrency);
    endpoint.waiting.push_back(std::move(queued));
    begin_waiting(url);
  }
}

void Caller::begin_waiting(const std::string& url) {
  const auto found = endpoints_.find(url);
  Endpoint& endpoint = found->second;
  while (endpoint.running < endpoint.limit && !endpoint.waiting.empty()) {
    QueuedCall queued = std::move(endpoint.waiting.front());
    endpoint.waiting.pop_front();
    if (begin(std::move(queued))) ++endpoint.running;
  }
  if (endpoint.running == 0) endpoints_.erase(found);
}

/// False when there is nothing to wait for: the call has its outcome already.
bool Caller::begin(QueuedCall queued) {
  const std::uint64_t id = queued.id;
  try {
    const std::int64_t now = sending_time(queued);
    std::string url = queued.call.url;
    auto transfer = std::make_unique<Transfer>(std::move(queued.call), options_, now);
    CURL* const handle = transfer->handle();
    check(curl_multi_add_handle(multi_.get(), handle));
    running_.emplace(handle, Running{id, std::move(url), std::move(transfer)});
    return true;
  } catch (const std::exception& error) {
    outcomes_.push_back({id, unknown_answer(std::string{"not sent: "} + error.what())});
    return false;
  }
}

void Caller::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const handle = message->easy_handle;
    const CURLcode result = message->data.result;
    check(curl_multi_remove_handle(multi_.get(), handle));  // `message` is void from here on
    auto node = running_.extract(handle);
    HF_ASSERT(!node.empty());
    Running& ended = node.mapped();
    outcomes_.push_back({ended.id, ended.transfer->answer(result)});
    --endpoints_.at(ended.url).running;
    begin_waiting(ended.url);
  }
}

void Caller::flush() {
  if (outcomes_.empty()) return;
  sink_(std::exchange(outcomes_, {}));
}

void Caller::end_all() {
  for (auto& [handle, running] : running_) {
    check(curl_multi_remove_handle(multi_.get(), handle));
  }
  running_.clear();
  endpoints_.clear();
}

}  // namespace holdfast::step_http
