#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "app/event_source.h"
#include "app/parts.h"
#include "app/system_clock.h"
#include "cli/command.h"
#include "cli/move_report.h"
#include "cli/open_archive.h"

namespace holdfast::cli {
namespace {

struct ImportOptions {
  std::string file;
  std::string config;
  std::string data;
};

constexpr const char* kStandardInput = "-";

// A file that can be read twice: standard input is kept in one without a name first.
class InputFile {
 public:
  // False, and errno says why.
  bool open(const std::string& name) {
    return name == kStandardInput ? keep(std::cin) : open_named(name);
  }
  std::istream& from_start() {
    stream_.clear();
    stream_.seekg(0);
    return stream_;
  }

 private:
  bool open_named(const std::string& name) {
    if (std::filesystem::is_directory(name)) {
      errno = EISDIR;
      return false;
    }
    stream_.open(name, std::ios::binary | std::ios::in);
    return stream_.is_open();
  }
  bool keep(std::istream& in) {
    auto name = (std::filesystem::temp_directory_path() / "holdfast-import-XXXXXX").string();
    const int descriptor = ::mkstemp(name.data());
    if (descriptor < 0) {
      return false;
    }
    ::close(descriptor);
    stream_.open(name, std::ios::binary | std::ios::in | std::ios::out);
    ::unlink(name.c_str());
    if (in.peek() != std::istream::traits_type::eof()) {
      stream_ << in.rdbuf();
    }
    return stream_.good();
  }

  std::fstream stream_;
};

flows::BookImport import_for(const app::Config& config) {
  return flows::BookImport({app::step_policy(config),
                            flows::EventWriter(app::event_source(config), config.events.enabled),
                            app::SystemClock().now()});
}

void tell_failure(Context& context, const PortError& error) {
  switch (error.effect) {
    case Effect::none: context.err << "nothing was imported: " << error.detail << '\n'; break;
    case Effect::happened:
    case Effect::unknown:
      context.err << "it is not known whether all or nothing was imported: " << error.detail
                  << "; import again: a book that has it refuses as not empty\n";
      break;
  }
}

void tell_next(Context& context, const ImportOptions& options) {
  const auto config = options.config.empty() ? std::string() : " --config " + options.config;
  context.out << "\nNext: `holdfast "
              << (options.data.empty() ? "serve" : "dev --data " + options.data) << config
              << "`, which builds the ledger from the book before it sells; then `holdfast "
                 "reconcile`.\n";
}

int import_book(Context& context, const ImportOptions& options) {
  const auto config = load_or_tell(context, options.config);
  if (!config) {
    return kWrongUse;
  }
  InputFile file;
  if (!file.open(options.file)) {
    context.err << "cannot read " << options.file << ": " << std::strerror(errno) << '\n';
    return kFailed;
  }
  auto import = import_for(*config);
  codec::ArchiveReader first(file.from_start());
  const auto summary = import.examine(first);
  if (!summary) {
    context.err << "nothing was imported: " << options.file << ": " << summary.error().detail
                << '\n';
    return kFailed;
  }
  const auto target =
      options.data.empty() ? open_servers(*config) : open_folder(context, options.data, true);
  if (!target.archive) {
    return target.code;
  }
  codec::ArchiveReader second(file.from_start());
  const auto written = import.write(second, *target.archive, MoveProgress(context.err, "imported"));
  if (!written) {
    tell_failure(context, written.error());
    return target.code_of(written.error());
  }
  print_summary(context.out, *summary);
  if (import.refused() != 0) {
    context.err << "warning: " << import.refused()
                << " orders that were not settled are cancelled as stock_mismatch: the book has "
                   "not the units for them\n";
  }
  tell_next(context, options);
  return kFine;
}

}  // namespace

void add_import(CLI::App& app, Context& context) {
  auto options = std::make_shared<ImportOptions>();
  auto* command = add_command(app, context, "import", "Put an exported file into an empty Holdfast",
                              [&context, options] { return import_book(context, *options); });
  command->add_option("FILE", options->file, "What `holdfast export` made, or - for standard input")
      ->required();
  command
      ->add_option("--config", options->config,
                   "The TOML file of the `holdfast serve` to come; without it all keys have their "
                   "defaults")
      ->type_name("FILE");
  command
      ->add_option("--data", options->data,
                   "A new folder for `holdfast dev` instead of the servers")
      ->type_name("FOLDER");
  command->footer(R"(
The file is read to its end and checked before anything is written; then all of it is written in one
transaction, or nothing: an import that was killed is simply started again. The schema is brought up
to date first. Refused are a book that is not empty, and one that a process of Holdfast is connected
to; the servers must run.

Orders that were accepted and not settled are settled on the way. Steps, held refunds and parked
messages go on where they were, as soon as Holdfast is started: it builds the ledger from the book.

Examples:
  holdfast import shop.jsonl --config holdfast.toml
  gunzip -c shop.jsonl.gz | holdfast import - --config holdfast.toml
  holdfast import shop.jsonl --data /var/lib/holdfast    without servers)");
}

}  // namespace holdfast::cli
