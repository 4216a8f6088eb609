#pragma once

#include <amqp.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "adapters/rabbitmq/url.h"
#include "adapters/rabbitmq/wake.h"
#include "domain/money.h"

namespace holdfast::rabbitmq {

/// The connection cannot be used any more; open a new one.
struct ConnectionError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The broker closed one channel; the connection lives, the channel must be opened again.
struct ChannelError : std::runtime_error {
  ChannelError(int reply_code, const std::string& text)
      : std::runtime_error(text), code(reply_code) {}
  int code = 0;  ///< AMQP reply code: 404 not found, 406 precondition failed, …
};

struct ConnectionSettings {
  AmqpUrl url;
  Milliseconds heartbeat{};
  Milliseconds rpc_timeout{};
  std::string name;  ///< shown in the broker's management pages
};

std::string_view view(amqp_bytes_t bytes);
amqp_bytes_t bytes_of(std::string_view text);

/// One AMQP connection over TCP. Owns the socket; belongs to one thread, which must come back to
/// `next_frame` several times per heartbeat. Lives from a successful login to destruction.
class Connection {
 public:
  /// Connects and logs in, within `rpc_timeout` each. Throws ConnectionError.
  Connection(const ConnectionSettings& settings, SocketInterrupt& interrupt);
  ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] amqp_connection_state_t raw() const { return state_.get(); }

  void open_channel(amqp_channel_t channel);
  /// Throws ConnectionError or ChannelError unless the last call of the library succeeded.
  void check_rpc(amqp_channel_t channel, std::string_view what);
  void check_rpc(const amqp_rpc_reply_t& reply, amqp_channel_t channel, std::string_view what);
  /// Throws ConnectionError unless `status` says OK.
  static void check(int status, std::string_view what);

  /// Sleeps until the socket has data (or takes some, when `for_write`), `wake_fd` is signalled,
  /// or `timeout`. Does not sleep while frames are buffered.
  void wait(int wake_fd, Milliseconds timeout, bool for_write);
  /// The next complete frame, if there is one now. Its memory lives until `release`. Frames of
  /// the connection itself are dealt with inside: see `blocked`.
  std::optional<amqp_frame_t> next_frame();
  [[nodiscard]] bool has_buffered() const;
  void release(amqp_channel_t channel);
  /// Confirms the broker's channel.close, so that the channel's number can be used again.
  void confirm_channel_close(amqp_channel_t channel);

  /// The socket takes more data without blocking.
  [[nodiscard]] bool writable() const;
  /// While corked, small frames gather into full packets; uncorking sends what is left.
  void cork(bool on);
  /// Why the broker takes no messages now (connection.blocked, an alarm); unset when it does.
  [[nodiscard]] const std::optional<std::string>& blocked() const { return blocked_; }
  /// Sends connection.close and waits for the answer for at most `timeout`. Never throws.
  void close(Milliseconds timeout) noexcept;

 private:
  struct Destroy {
    void operator()(amqp_connection_state_t state) const { amqp_destroy_connection(state); }
  };
  struct Attachment {
    explicit Attachment(SocketInterrupt& to) : interrupt(to) {}
    ~Attachment() { interrupt.detach(); }
    Attachment(const Attachment&) = delete;
    Attachment& operator=(const Attachment&) = delete;
    SocketInterrupt& interrupt;
  };

  void log_in(const ConnectionSettings& settings);
  void on_connection_frame(const amqp_frame_t& frame);

  std::unique_ptr<std::remove_pointer_t<amqp_connection_state_t>, Destroy> state_;
  Attachment attachment_;  // after state_: detached before the socket is closed
  int fd_ = -1;
  std::optional<std::string> blocked_;
};

}  // namespace holdfast::rabbitmq
