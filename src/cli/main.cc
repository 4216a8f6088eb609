#include <iostream>

#include "cli/cli.h"

int main(int argc, char** argv) {
  return holdfast::cli::run({argv + 1, argv + argc}, holdfast::app::process_environment(),
                            std::cout, std::cerr);
}
