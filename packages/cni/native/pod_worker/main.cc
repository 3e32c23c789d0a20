// Makes pods' interfaces for the agent (steps.h), one request after the other, until its standard input ends.
//
// A process of its own: a thread of the agent that could not return from a pod's namespace would take the
// agent with it, and starting `ip` and `nsenter` for each pod takes ten times as long as the kernel does.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "carry_out.h"

namespace {

using namespace evio::cni;
using evio::FileDescriptor;

bool read_exactly(char *bytes, std::size_t count) {
  while (count > 0) {
    const ssize_t got = ::read(STDIN_FILENO, bytes, count);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    bytes += got;
    count -= static_cast<std::size_t>(got);
  }
  return true;
}

bool write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::optional<std::string> read_request() {
  std::array<unsigned char, 4> head;
  if (!read_exactly(reinterpret_cast<char *>(head.data()), head.size())) return std::nullopt;
  std::size_t length = 0;
  for (unsigned char byte : head) length = length << 8 | byte;
  if (length > kMostStepBytes) return std::nullopt;
  std::string request(length, '\0');
  if (!read_exactly(request.data(), length)) return std::nullopt;
  return request;
}

}  // namespace

int main() {
  FileDescriptor home(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!home) return 1;
  Workplace workplace(std::move(home));
  while (const auto request = read_request()) {
    const auto steps = read_steps(*request);
    if (!steps) return 1;
    const auto failure = workplace.carry_out(*steps);
    std::string answer = failure ? std::to_string(failure->step) + ' ' + failure->why : "ok";
    for (char &c : answer)
      if (c == '\n') c = ' ';
    if (!workplace.return_home() || !write_all(answer + '\n')) return 1;
  }
  return 0;
}
