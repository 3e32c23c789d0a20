// The executable: standard input and environment in, the outcome of shim.h out.
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "deadline.h"
#include "frame.h"
#include "shim.h"

namespace {

using namespace evio::cni;

// Reads standard input to its end. False when it is too long, or does not end in time.
bool read_input(std::string& input, const Deadline& deadline) {
  std::array<char, 16 * 1024> piece;
  while (input.size() <= kMostInputBytes) {
    pollfd readable{STDIN_FILENO, POLLIN, 0};
    int ready = ::poll(&readable, 1, deadline.left_ms());
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    ssize_t got = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return false;
    if (got == 0) return true;
    input.append(piece.data(), static_cast<std::size_t>(got));
  }
  return false;
}

bool write_output(std::string_view output) {
  while (!output.empty()) {
    ssize_t written = ::write(STDOUT_FILENO, output.data(), output.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) output.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// Tests wait for less.
std::chrono::milliseconds timeout() {
  const char* text = std::getenv("EVIO_CNI_TIMEOUT_MS");
  if (text == nullptr) return kDefaultTimeout;
  int ms = 0;
  auto [end, error] = std::from_chars(text, text + std::strlen(text), ms);
  return error == std::errc() && *end == '\0' && ms > 0 ? std::chrono::milliseconds(ms) : kDefaultTimeout;
}

}  // namespace

int main(int, char**, char** entries) {
  std::vector<std::string_view> environment;
  bool asked = false;
  for (; *entries != nullptr; ++entries) {
    environment.emplace_back(*entries);
    asked = asked || environment.back().starts_with("CNI_COMMAND=");
  }
  if (!asked) {
    constexpr std::string_view about = "evio: a CNI plugin; the container runtime runs it (CNI 0.3.0 to 1.1.0)\n";
    return ::write(STDERR_FILENO, about.data(), about.size()) < 0 ? 1 : 0;
  }
  std::string input;
  Outcome outcome = read_input(input, Deadline(timeout()))
                        ? run_shim(environment, input, timeout())
                        : failure("1.1.0", 5, "standard input cannot be read to its end", "");
  return write_output(outcome.output) ? outcome.status : 1;
}
