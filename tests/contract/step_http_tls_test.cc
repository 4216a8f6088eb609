#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <stdexcept>

#include "tests/contract/step_gateway_http_harness.h"

namespace holdfast::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;

/// A certificate that vouches for itself, for the names of `alternatives`, and its key.
struct Identity {
  explicit Identity(const std::string& alternatives)
      : key(EVP_EC_gen("prime256v1")), certificate(X509_new()) {
    X509* const x509 = certificate.get();
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -60);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3'600);
    X509_set_pubkey(x509, key.get());
    X509_NAME* const name = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("step"), -1, -1, 0);
    X509_set_issuer_name(x509, name);
    add_extension(NID_subject_alt_name, alternatives);
    add_extension(NID_basic_constraints, "critical,CA:TRUE");
    if (X509_sign(x509, key.get(), EVP_sha256()) == 0) throw std::runtime_error("not signed");
  }
  void add_extension(int id, const std::string& value) const {
    std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, id, value.c_str()));
    if (!extension || X509_add_ext(certificate.get(), extension.get(), -1) == 0) {
      throw std::runtime_error("no extension");
    }
  }

  Key key;
  Certificate certificate;
};

/// The certificate as a file of its own, for as long as this lives.
class CertificateFile {
 public:
  explicit CertificateFile(const Identity& identity) {
    const int fd = ::mkstemp(path_.data());
    std::FILE* const file = fd < 0 ? nullptr : ::fdopen(fd, "w");
    if (file == nullptr) throw std::runtime_error("no file for the certificate");
    PEM_write_X509(file, identity.certificate.get());
    std::fclose(file);
  }
  ~CertificateFile() { std::remove(path_.c_str()); }
  CertificateFile(const CertificateFile&) = delete;
  CertificateFile& operator=(const CertificateFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_ = ::testing::TempDir() + "step_http_tls_XXXXXX";
};

/// Answers 200 to one request per connection, over TLS. Owns a thread.
class TlsServer {
 public:
  explicit TlsServer(const Identity& identity) : context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_use_certificate(context_.get(), identity.certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), identity.key.get());
    thread_ = std::thread([this] { run(); });
  }
  ~TlsServer() {
    stopping_ = true;
    thread_.join();
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  [[nodiscard]] std::string url(const std::string& host) const {
    return "https://" + host + ":" + std::to_string(listener_.port()) + "/charges";
  }
  [[nodiscard]] int requests() const { return requests_; }

 private:
  void run() {
    sigset_t pipe_only;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_only, nullptr);
    while (!stopping_) {
      pollfd waiting{listener_.fd(), POLLIN, 0};
      if (::poll(&waiting, 1, 20) != 1) continue;
      const int fd = ::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
      serve(fd);
      ::close(fd);
    }
  }
  void serve(int fd) {
    const timeval patience{10, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const std::unique_ptr<SSL, Freed<SSL_free>> tls(SSL_new(context_.get()));
    SSL_set_fd(tls.get(), fd);
    ERR_clear_error();
    if (SSL_accept(tls.get()) != 1) return;
    std::string input;
    char buffer[4'096];
    while (input.find("\r\n\r\n{\"amount\":1}") == std::string::npos) {
      const int got = SSL_read(tls.get(), buffer, sizeof buffer);
      if (got <= 0) return;
      input.append(buffer, static_cast<std::size_t>(got));
    }
    ++requests_;
    const auto response =
        http_response("200 OK", R"({"reference":"tls"})", "Connection: close\r\n");
    SSL_write(tls.get(), response.data(), static_cast<int>(response.size()));
    SSL_shutdown(tls.get());
  }

  Listener listener_;
  const std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>> context_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> requests_{0};
  std::thread thread_;
};

class StepHttpTlsTest : public StepHttpFixture {
 protected:
  void expect_refused(const std::string& url, const std::string& why) {
    const auto answer = ask(step_call(url));
    EXPECT_EQ(answer.kind, StepAnswerKind::unknown);
    EXPECT_THAT(answer.detail, HasSubstr(why));
  }
};

TEST_F(StepHttpTlsTest, ATrustedServerIsCalled) {
  const Identity identity("IP:127.0.0.1");
  const CertificateFile file(identity);
  const TlsServer server(identity);
  harness_.options.ca_file = file.path();
  for (int i = 1; i <= 3; ++i) {
    const auto answer = ask(step_call(server.url("127.0.0.1")));
    EXPECT_EQ(answer.kind, StepAnswerKind::done) << answer.detail;
    EXPECT_EQ(answer.reference, "tls");
    EXPECT_EQ(server.requests(), i);
  }
}

TEST_F(StepHttpTlsTest, AStrangersCertificateIsRefused) {
  const Identity identity("IP:127.0.0.1");
  const TlsServer server(identity);
  expect_refused(server.url("127.0.0.1"), "certificate");
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(StepHttpTlsTest, ACertificateForAnotherNameIsRefused) {
  const Identity identity("DNS:elsewhere.example");
  const CertificateFile file(identity);
  const TlsServer server(identity);
  harness_.options.ca_file = file.path();
  expect_refused(server.url("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(StepHttpTlsTest, TlsToAPlainPortIsUnknown) {
  const StepServer plain(answers(http_response("200 OK")),
                         [](Peer& peer) { return peer.send("HTTP/1.1 400 No\r\n\r\n"); });
  expect_refused("https://127.0.0.1:" + std::to_string(plain.port()) + "/charges", "SSL");
  EXPECT_EQ(plain.count(), 0U);
}

TEST_F(StepHttpTlsTest, PlainHttpToATlsPortIsUnknown) {
  const Identity identity("IP:127.0.0.1");
  const TlsServer server(identity);
  auto url = server.url("127.0.0.1");
  url.replace(0, 5, "http");
  EXPECT_EQ(ask(step_call(url)).kind, StepAnswerKind::unknown);
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(StepHttpTlsTest, AServerThatNeverShakesHandsIsGivenUp) {
  const StepServer silent(answers(http_response("200 OK")), [](Peer& peer) {
    peer.stay_silent();
    return false;
  });
  harness_.options.connect_timeout = Milliseconds{200};
  const auto began = std::chrono::steady_clock::now();
  const auto answer = ask(step_call("https://127.0.0.1:" + std::to_string(silent.port()) + "/x"));
  EXPECT_EQ(answer.kind, StepAnswerKind::unknown);
  EXPECT_THAT(answer.detail, AnyOf(HasSubstr("timed out"), HasSubstr("timeout")));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s) << "connecting has its own deadline";
}

}  // namespace
}  // namespace holdfast::testing
