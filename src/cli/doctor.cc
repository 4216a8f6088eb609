#include "cli/doctor.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "cli/command.h"
#include "cli/table.h"

namespace holdfast::cli {
namespace {

const char* word(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok: return "ok";
    case Verdict::warn: return "warn";
    case Verdict::fail:
    case Verdict::unreachable: return "fail";
  }
  return "";
}

// Prints findings as they come: a server that is away takes its whole timeout.
class Report {
 public:
  explicit Report(Context& context) : context_(context) {}

  void add(const std::string& subject, const Findings& findings) {
    for (const auto& finding : findings) {
      if (context_.connection.json) {
        rows_.push_back({{"subject", subject},
                         {"result", word(finding.verdict)},
                         {"reachable", finding.verdict != Verdict::unreachable},
                         {"detail", printable(finding.what)},
                         {"mend", printable(finding.mend)}});
      } else {
        print(subject, finding);
      }
      failed_ = failed_ || finding.verdict == Verdict::fail;
      unreachable_ = unreachable_ || finding.verdict == Verdict::unreachable;
    }
  }

  int finish() {
    if (context_.connection.json) {
      context_.out << boost::json::serialize(boost::json::object{{"findings", rows_}}) << '\n';
    }
    return unreachable_ ? kUnreachable : failed_ ? kFailed : kFine;
  }

 private:
  void print(const std::string& subject, const Finding& finding) {
    std::string line = word(finding.verdict);
    line.resize(6, ' ');
    line += subject;
    line.resize(18, ' ');
    context_.out << line << printable(finding.what);
    if (!finding.mend.empty()) {
      context_.out << "; " << printable(finding.mend);
    }
    context_.out << std::endl;
  }

  Context& context_;
  boost::json::array rows_;
  bool failed_ = false;
  bool unreachable_ = false;
};

int doctor(Context& context, const std::string& file) {
  Report report(context);
  const auto config =
      app::load_config(file.empty() ? std::nullopt : std::optional(file), context.environment);
  if (!config) {
    for (const auto& fault : config.error().faults) {
      const auto where = fault.where.empty() ? "" : fault.where + ": ";
      report.add("config", {{Verdict::fail, where + fault.message}});
    }
    return report.finish();
  }
  report.add("config", {{Verdict::ok, file.empty() ? "no file: the defaults" : file}});
  for (const auto& warning : config->warnings) {
    report.add("config", {{Verdict::warn, warning}});
  }
  report.add("redis", probe_redis(*config));
  report.add("rabbitmq", probe_rabbitmq(*config));
  report.add("management", probe_management(*config));
  report.add("postgres", probe_postgres(*config));
  report.add("steps", probe_steps(*config));
  report.add("http", probe_listen(*config));
  return report.finish();
}

}  // namespace

bool version_at_least(const std::string& version, int major, int minor) {
  int have_major = 0;
  int have_minor = 0;
  if (std::sscanf(version.c_str(), "%d.%d", &have_major, &have_minor) < 1) {
    return false;
  }
  return have_major > major || (have_major == major && have_minor >= minor);
}

void add_doctor(CLI::App& app, Context& context) {
  auto file = std::make_shared<std::string>();
  auto* command = add_command(app, context, "doctor", "Check the configuration and every server",
                              [&context, file] { return doctor(context, *file); });
  command->add_option("--config", *file, "The TOML file")->type_name("FILE");
  command->add_flag("--json", context.connection.json, "As JSON, for machines");
  command->footer(R"(
One line each: ok, warn or fail, and what to mend. Changes nothing. Exit code 3 when a server could
not be reached, 1 when something else is to be mended. A step's host that is away is a warning: its
calls are tried again.

Example:
  holdfast doctor --config holdfast.toml)");
}

}  // namespace holdfast::cli
