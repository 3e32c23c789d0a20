// Ends a fuzzing run where something does not hold.
#pragma once

#include <cstdio>
#include <cstdlib>

#define REQUIRE(expression)                                                               \
  do {                                                                                    \
    if (!(expression)) {                                                                  \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #expression); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)
