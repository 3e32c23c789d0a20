#pragma once
// A unit test is a TEST block; CHECK counts what does not hold and says where. `RUN_ALL` is main().

#include <cstdio>
#include <vector>

namespace evio::test {

struct Case {
  const char* name;
  void (*run)();
};

inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

inline int& failures() {
  static int count = 0;
  return count;
}

struct Registration {
  Registration(const char* name, void (*run)()) { cases().push_back({name, run}); }
};

inline void fail(const char* file, int line, const char* what) {
  std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  ++failures();
}

inline int runAll() {
  for (const Case& one : cases()) {
    const int before = failures();
    one.run();
    std::printf("%s %s\n", failures() == before ? "ok    " : "FAILED", one.name);
  }
  std::printf("%zu cases, %d failed checks\n", cases().size(), failures());
  return failures() == 0 ? 0 : 1;
}

}  // namespace evio::test

#define EVIO_JOIN2(a, b) a##b
#define EVIO_JOIN(a, b) EVIO_JOIN2(a, b)
#define TEST(name)                                                                          \
  static void EVIO_JOIN(test_, __LINE__)();                                                 \
  static const ::evio::test::Registration EVIO_JOIN(registration_, __LINE__){               \
      name, EVIO_JOIN(test_, __LINE__)};                                                    \
  static void EVIO_JOIN(test_, __LINE__)()
#define CHECK(expression) \
  ((expression) ? void() : ::evio::test::fail(__FILE__, __LINE__, #expression))
#define RUN_ALL() \
  int main() { return ::evio::test::runAll(); }
