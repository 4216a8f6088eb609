#include "adapters/rabbitmq/connection.h"

#include <amqp_tcp_socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "adapters/rabbitmq/limits.h"
#include "adapters/rabbitmq/socket.h"

namespace holdfast::rabbitmq {
namespace {

timeval to_timeval(Milliseconds duration) {
  timeval value{};
  value.tv_sec = static_cast<time_t>(duration.count() / 1000);
  value.tv_usec = static_cast<suseconds_t>((duration.count() % 1000) * 1000);
  return value;
}

amqp_table_entry_t flag_entry(const char* key) {
  amqp_table_entry_t entry{};
  entry.key = amqp_cstring_bytes(key);
  entry.value.kind = AMQP_FIELD_KIND_BOOLEAN;
  entry.value.value.boolean = 1;
  return entry;
}

std::string close_text(std::uint16_t code, amqp_bytes_t text) {
  return std::string(view(text)) + " (" + std::to_string(code) + ")";
}

}  // namespace

std::string_view view(amqp_bytes_t bytes) {
  return bytes.len == 0 ? std::string_view{}
                        : std::string_view{static_cast<const char*>(bytes.bytes), bytes.len};
}

amqp_bytes_t bytes_of(std::string_view text) {
  // The library only reads what it is given to send; its type has no const.
  return amqp_bytes_t{text.size(), const_cast<char*>(text.data())};
}

Connection::Connection(const ConnectionSettings& settings, SocketInterrupt& interrupt)
    : state_(amqp_new_connection()), attachment_(interrupt) {
  if (!state_) throw std::bad_alloc();
  const Milliseconds heartbeat = std::max<Milliseconds>(settings.heartbeat, Milliseconds(1000));
  const SocketSettings socket_settings{settings.rpc_timeout, 2 * heartbeat};
  amqp_socket_t* socket = amqp_tcp_socket_new(state_.get());
  if (socket == nullptr) throw std::bad_alloc();
  fd_ = connect_tcp(settings.url, socket_settings, interrupt);
  amqp_tcp_socket_set_sockfd(socket, fd_);  // owns the descriptor from here on
  log_in(settings);
}

void Connection::log_in(const ConnectionSettings& settings) {
  const timeval timeout = to_timeval(settings.rpc_timeout);
  check(amqp_set_handshake_timeout(raw(), &timeout), "handshake timeout");
  check(amqp_set_rpc_timeout(raw(), &timeout), "rpc timeout");

  std::array capabilities{flag_entry("publisher_confirms"), flag_entry("basic.nack"),
                          flag_entry("consumer_cancel_notify"), flag_entry("connection.blocked"),
                          flag_entry("authentication_failure_close")};
  std::array<amqp_table_entry_t, 2> properties{};
  properties[0].key = amqp_cstring_bytes("connection_name");
  properties[0].value.kind = AMQP_FIELD_KIND_UTF8;
  properties[0].value.value.bytes = bytes_of(settings.name);
  properties[1].key = amqp_cstring_bytes("capabilities");
  properties[1].value.kind = AMQP_FIELD_KIND_TABLE;
  properties[1].value.value.table = {static_cast<int>(capabilities.size()), capabilities.data()};
  const amqp_table_t client{static_cast<int>(properties.size()), properties.data()};

  const auto heartbeat_s = std::max<std::int64_t>(1, settings.heartbeat.count() / 1000);
  const auto reply = amqp_login_with_properties(
      raw(), settings.url.virtual_host.c_str(), 0, limits::kFrameMaxBytes,
      static_cast<int>(heartbeat_s), &client, AMQP_SASL_METHOD_PLAIN, settings.url.user.c_str(),
      settings.url.password.c_str());
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) check_rpc(reply, 0, "log in");
}

void Connection::open_channel(amqp_channel_t channel) {
  amqp_channel_open(raw(), channel);
  check_rpc(channel, "open a channel");
}

void Connection::check_rpc(amqp_channel_t channel, std::string_view what) {
  check_rpc(amqp_get_rpc_reply(raw()), channel, what);
}

void Connection::check_rpc(const amqp_rpc_reply_t& reply, amqp_channel_t channel,
                           std::string_view what) {
  const std::string prefix = std::string(what) + ": ";
  switch (reply.reply_type) {
    case AMQP_RESPONSE_NORMAL: return;
    case AMQP_RESPONSE_NONE: throw ConnectionError(prefix + "the broker closed the socket");
    case AMQP_RESPONSE_LIBRARY_EXCEPTION:
      throw ConnectionError(prefix + amqp_error_string2(reply.library_error));
    case AMQP_RESPONSE_SERVER_EXCEPTION: break;
  }
  if (reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
    const auto& close = *static_cast<amqp_channel_close_t*>(reply.reply.decoded);
    const ChannelError error(close.reply_code,
                             prefix + close_text(close.reply_code, close.reply_text));
    confirm_channel_close(channel);
    throw error;
  }
  if (reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
    const auto& close = *static_cast<amqp_connection_close_t*>(reply.reply.decoded);
    throw ConnectionError(prefix + close_text(close.reply_code, close.reply_text));
  }
  throw ConnectionError(prefix + "unexpected answer of the broker");
}

void Connection::check(int status, std::string_view what) {
  if (status == AMQP_STATUS_OK) return;
  throw ConnectionError(std::string(what) + ": " + amqp_error_string2(status));
}

bool Connection::has_buffered() const {
  return amqp_frames_enqueued(raw()) != 0 || amqp_data_in_buffer(raw()) != 0;
}

void Connection::wait(int wake_fd, Milliseconds timeout, bool for_write) {
  if (has_buffered()) return;
  const auto events = static_cast<short>(for_write ? POLLIN | POLLOUT : POLLIN);
  std::array<pollfd, 2> fds{pollfd{fd_, events, 0}, pollfd{wake_fd, POLLIN, 0}};
  // EINTR is as good as a timeout: the caller comes back.
  ::poll(fds.data(), fds.size(), static_cast<int>(timeout.count()));
}

std::optional<amqp_frame_t> Connection::next_frame() {
  while (true) {
    amqp_frame_t frame{};
    const timeval now{};
    const int status = amqp_simple_wait_frame_noblock(raw(), &frame, &now);
    if (status == AMQP_STATUS_TIMEOUT) return std::nullopt;
    check(status, "read");
    if (frame.channel != 0) return frame;
    on_connection_frame(frame);
    release(0);
    if (!has_buffered()) return std::nullopt;
  }
}

void Connection::on_connection_frame(const amqp_frame_t& frame) {
  if (frame.frame_type != AMQP_FRAME_METHOD) return;
  switch (frame.payload.method.id) {
    case AMQP_CONNECTION_BLOCKED_METHOD: {
      const auto& method = *static_cast<amqp_connection_blocked_t*>(frame.payload.method.decoded);
      blocked_ = std::string(view(method.reason));
      return;
    }
    case AMQP_CONNECTION_UNBLOCKED_METHOD: blocked_.reset(); return;
    case AMQP_CONNECTION_CLOSE_METHOD: {
      const auto& close = *static_cast<amqp_connection_close_t*>(frame.payload.method.decoded);
      const std::string text = close_text(close.reply_code, close.reply_text);
      amqp_connection_close_ok_t close_ok{};
      amqp_send_method(raw(), 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &close_ok);
      throw ConnectionError("closed by the broker: " + text);
    }
    default: return;  // nothing else arrives on channel 0 after the login
  }
}

void Connection::release(amqp_channel_t channel) {
  amqp_maybe_release_buffers_on_channel(raw(), channel);
}

void Connection::confirm_channel_close(amqp_channel_t channel) {
  amqp_channel_close_ok_t close_ok{};
  check(amqp_send_method(raw(), channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &close_ok),
        "confirm channel.close");
}

bool Connection::writable() const {
  pollfd poll_fd{fd_, POLLOUT, 0};
  return ::poll(&poll_fd, 1, 0) > 0;
}

void Connection::cork(bool on) {
  // Only a matter of speed, so a failure does not matter; the next write shows a dead socket.
  const int value = on ? 1 : 0;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

void Connection::close(Milliseconds timeout) noexcept {
  const timeval limit = to_timeval(timeout);
  amqp_set_rpc_timeout(raw(), &limit);
  amqp_connection_close(raw(), AMQP_REPLY_SUCCESS);
}

}  // namespace holdfast::rabbitmq
