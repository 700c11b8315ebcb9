// make_tiny_model FOLDER: writes the test model, to try the command line by hand.
#include <cstdio>
#include <exception>

#include "tests/support/tiny_model.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: make_tiny_model FOLDER\n", stderr);
    return 2;
  }
  try {
    lacuna::testing_support::write_tiny_model(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "make_tiny_model: %s\n", error.what());
    return 1;
  }
  return 0;
}
