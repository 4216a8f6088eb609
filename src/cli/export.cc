#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "app/system_clock.h"
#include "app/version.h"
#include "cli/command.h"
#include "cli/move_report.h"
#include "cli/open_archive.h"

namespace holdfast::cli {
namespace {

struct ExportOptions {
  std::string file;
  std::string config;
  std::string data = ".data";
};

constexpr const char* kStandardOutput = "-";

// A file that has its name once it is whole, readable by its owner only: plans have secrets.
class NewFile {
 public:
  explicit NewFile(std::string name) : name_(std::move(name)), part_(name_ + ".part") {}
  ~NewFile() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
      ::unlink(part_.c_str());
    }
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  // False, and errno says why. One that a killed export left is written anew.
  bool open() {
    if (std::filesystem::exists(name_)) {
      errno = EEXIST;
      return false;
    }
    descriptor_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor_ >= 0) {
      stream_.open(part_, std::ios::binary | std::ios::trunc);
    }
    return descriptor_ >= 0 && stream_.is_open();
  }
  std::ostream& stream() { return stream_; }
  bool finish() {
    stream_.close();
    if (stream_.fail() || ::fsync(descriptor_) != 0 ||
        ::rename(part_.c_str(), name_.c_str()) != 0) {
      return false;
    }
    ::close(std::exchange(descriptor_, -1));
    return true;
  }

 private:
  std::string name_;
  std::string part_;
  int descriptor_ = -1;
  std::ofstream stream_;
};

int export_from(Context& context, const OpenedArchive& source, std::ostream& to,
                std::ostream& report) {
  codec::ArchiveWriter writer(to, {app::kVersion, app::SystemClock().now()});
  const auto summary =
      flows::export_book(*source.archive, writer, MoveProgress(context.err, "exported"));
  if (!summary) {
    context.err << "nothing was exported: " << summary.error().detail << '\n';
    return source.code_of(summary.error());
  }
  print_summary(report, *summary);
  return kFine;
}

int export_to_file(Context& context, const OpenedArchive& source, const std::string& name) {
  NewFile file(name);
  if (!file.open()) {
    context.err << "cannot write " << name << ": " << std::strerror(errno) << '\n';
    return kFailed;
  }
  if (const int code = export_from(context, source, file.stream(), context.out); code != kFine) {
    return code;
  }
  if (!file.finish()) {
    context.err << "cannot write " << name << ": " << std::strerror(errno) << '\n';
    return kFailed;
  }
  context.out << "\nall of it is in " << name << "; keep it safe, it has what users bought and the "
              << "plans' secrets.\nNext: `holdfast import " << name
              << " --config FILE`. What was exported must not take orders any more.\n";
  return kFine;
}

int export_book(Context& context, const ExportOptions& options) {
  std::optional<app::Config> config;
  if (!options.config.empty()) {
    config = load_or_tell(context, options.config);
    if (!config) {
      return kWrongUse;
    }
  }
  const auto source = config ? open_servers(*config) : open_folder(context, options.data, false);
  if (!source.archive) {
    return source.code;
  }
  if (options.file == kStandardOutput) {
    return export_from(context, source, context.out, context.err);
  }
  return export_to_file(context, source, options.file);
}

}  // namespace

void add_export(CLI::App& app, Context& context) {
  auto options = std::make_shared<ExportOptions>();
  auto* command = add_command(app, context, "export", "Write all that a Holdfast knows into a file",
                              [&context, options] { return export_book(context, *options); });
  command->add_option("FILE", options->file, "The file to make, or - for standard output")
      ->required();
  auto* data = command
                   ->add_option("--data", options->data,
                                "The folder of a `holdfast dev`, which must not run meanwhile")
                   ->type_name("FOLDER")
                   ->capture_default_str();
  command
      ->add_option("--config", options->config,
                   "The TOML file of a `holdfast serve`, whose servers are read instead")
      ->type_name("FILE")
      ->excludes(data);
  command->footer(R"(
Stock with its journal, orders with their steps, refunds, points, parked messages, plans, events not
yet published, the audit log, and orders that were accepted and are not settled: `holdfast import`
puts them into an empty Holdfast, with servers or without. Reading changes nothing, and may be
repeated. All processes of the Holdfast that is read must be stopped; its servers must run.

The file is JSON Lines. It has its name only once it is whole; the last line has a SHA-256 of all
before it.

Examples:
  holdfast export shop.jsonl                             from .data
  holdfast export --data /var/lib/holdfast shop.jsonl
  holdfast export --config holdfast.toml shop.jsonl      from the servers
  holdfast export - | gzip > shop.jsonl.gz)");
}

}  // namespace holdfast::cli
