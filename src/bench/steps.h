#pragma once

#include <string>

#include "bench/failure.h"
#include "bench/results.h"
#include "bench/stage.h"

namespace holdfast::bench {

// TOML for the end of Holdfast's configuration: the plans that measure_steps() orders by, their
// remote steps carried out at `provider`.
std::string step_plans(const load::Endpoint& provider);

// Answers at once (202) beside answers when all is done (`Prefer: wait`), with more and more remote
// steps one after the other, each of them a call of a server that takes its time. That server is
// `holdfast psp`, up at `provider` for as long as this lasts.
Result<void> measure_steps(Stage& stage, const load::Endpoint& provider, const std::string& log_dir,
                           Results& results);

}  // namespace holdfast::bench
