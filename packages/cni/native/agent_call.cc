#include "agent_call.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "file_descriptor.h"

namespace evio::cni {
namespace {

// Waits for an event; false at the deadline.
bool wait_for(int fd, short event, const Deadline& deadline) {
  for (;;) {
    pollfd poll_fd{fd, event, 0};
    int ready = ::poll(&poll_fd, 1, deadline.left_ms());
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

// A full backlog of a unix socket is EAGAIN at once; whoever is on the way is waited for.
bool connect_to(int fd, const sockaddr_un& address, const Deadline& deadline) {
  while (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EISCONN) return true;
    if (errno != EAGAIN && errno != EINTR) return false;
    if (deadline.left_ms() == 0) return false;
    ::poll(nullptr, 0, 5);
  }
  return true;
}

bool send_all(int fd, std::string_view bytes, const Deadline& deadline) {
  while (!bytes.empty()) {
    ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (!wait_for(fd, POLLOUT, deadline)) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::optional<Answer> call_agent(const std::string& socket_path, std::string_view request,
                                 const Deadline& deadline, std::string& why) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof address.sun_path) {
    why = "the path of its socket is too long";
    return std::nullopt;
  }
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd || !connect_to(fd.get(), address, deadline)) {
    why = std::string("it does not listen (") + std::strerror(errno) + ")";
    return std::nullopt;
  }
  if (!send_all(fd.get(), request, deadline)) {
    why = "it does not take the request";
    return std::nullopt;
  }
  AnswerReader reader;
  std::array<char, 16 * 1024> piece;
  for (;;) {
    if (!wait_for(fd.get(), POLLIN, deadline)) {
      why = "it does not answer in time";
      return std::nullopt;
    }
    ssize_t got = ::recv(fd.get(), piece.data(), piece.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) {
      why = "it hung up before it had answered";
      return std::nullopt;
    }
    if (!reader.take({piece.data(), static_cast<std::size_t>(got)})) {
      why = "something else listens there";
      return std::nullopt;
    }
    if (auto answer = reader.answer()) return answer;
  }
}

}  // namespace evio::cni
