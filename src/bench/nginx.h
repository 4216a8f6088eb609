#pragma once

#include "bench/failure.h"
#include "bench/results.h"
#include "bench/stage.h"

namespace holdfast::bench {

// What nginx answers to the requests of the sold-out phase, from as many connections: a private
// instance with a worker for each core, which answers everything with 200 and no more. Measures
// nothing where nginx is not installed.
Result<void> compare_with_nginx(Stage& stage, const std::string& log_dir, Results& results);

}  // namespace holdfast::bench
