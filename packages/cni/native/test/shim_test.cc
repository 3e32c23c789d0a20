// The shim against an agent that answers well, badly, slowly or not at all.
// sources: ../shim.cc ../agent_call.cc ../frame.cc ../json_strings.cc ../pending_delete.cc
#include "../shim.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "../frame.h"
#include "check.h"
#include "file_descriptor.h"

using namespace evio::cni;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

class Directory {
 public:
  Directory() { path_ = ::mkdtemp(name_); }
  ~Directory() {
    const std::string command = "rm -rf " + path_;
    CHECK(std::system(command.c_str()) == 0);
  }
  const std::string& path() const { return path_; }

 private:
  char name_[32] = "/tmp/evio-shim-test-XXXXXX";
  std::string path_;
};

/// Listens like the agent; `serve` gets each connection after its request was read to the end.
class FakeAgent {
 public:
  FakeAgent(const std::string& path, std::size_t calls, auto serve)
      : listener_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    CHECK(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    CHECK(::listen(listener_.get(), 8) == 0);
    thread_ = std::thread([this, calls, serve] {
      for (std::size_t i = 0; i < calls; ++i) {
        evio::FileDescriptor connection(::accept(listener_.get(), nullptr, nullptr));
        serve(connection.get(), read_request(connection.get()));
      }
    });
  }
  ~FakeAgent() { thread_.join(); }

 private:
  static std::string read_request(int fd) {
    std::string bytes;
    char piece[4096];
    auto word = [&](std::size_t at) {
      std::size_t value = 0;
      for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
      return value;
    };
    while (bytes.size() < kHeaderBytes || bytes.size() < kHeaderBytes + word(4) + word(8)) {
      const ssize_t got = ::recv(fd, piece, sizeof piece, 0);
      if (got <= 0) break;
      bytes.append(piece, static_cast<std::size_t>(got));
    }
    return bytes;
  }

  evio::FileDescriptor listener_;
  std::thread thread_;
};

Outcome call(const std::string& command, const Directory& directory, std::chrono::milliseconds timeout = 5s,
             const std::string& more = "") {
  const std::string entry = "CNI_COMMAND=" + command;
  const std::array<std::string_view, 3> environment{entry, "CNI_CONTAINERID=c1", "PATH=/bin"};
  const std::string input = R"({"cniVersion":"1.0.0","socket":")" + directory.path() + R"(/cni.sock","pendingDir":")" +
                            directory.path() + R"(/a/pending")" + more + "}";
  return run_shim(environment, input, timeout);
}

std::vector<std::string> files_in(const std::string& path) {
  std::vector<std::string> names;
  DIR* directory = ::opendir(path.c_str());
  while (directory != nullptr) {
    const dirent* entry = ::readdir(directory);
    if (entry == nullptr) break;
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  if (directory != nullptr) ::closedir(directory);
  return names;
}

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// Who is answered with nonsense may hang up before its last byte.
void send_slowly(int fd, const std::string& bytes) {
  for (char c : bytes)
    if (::send(fd, &c, 1, MSG_NOSIGNAL) != 1) return;
}

bool has(const Outcome& outcome, std::string_view text) { return outcome.output.find(text) != std::string::npos; }

}  // namespace

TEST("VERSION is answered without an agent, in the version that was asked for") {
  const Directory directory;
  const Outcome outcome = call("VERSION", directory);
  CHECK(outcome.status == 0);
  CHECK(has(outcome, R"("cniVersion":"1.0.0")"));
  CHECK(has(outcome, R"("1.1.0"])"));
}

TEST("the agent gets CNI's variables and standard input, and its answer comes back byte by byte") {
  const Directory directory;
  std::string request;
  FakeAgent agent(directory.path() + "/cni.sock", 1, [&](int fd, const std::string& bytes) {
    request = bytes;
    send_slowly(fd, "EVC1\0\0\0\1\0\0\0\5hello"s);
  });
  const Outcome outcome = call("ADD", directory);
  CHECK(outcome.status == 1 && outcome.output == "hello");
  CHECK(request.find("CNI_CONTAINERID=c1") != std::string::npos);
  CHECK(request.find("PATH=") == std::string::npos);
}

TEST("a request larger than the socket's buffer arrives whole") {
  const Directory directory;
  std::size_t size = 0;
  FakeAgent agent(directory.path() + "/cni.sock", 1, [&](int fd, const std::string& bytes) {
    size = bytes.size();
    send_slowly(fd, "EVC1\0\0\0\0\0\0\0\0"s);
  });
  const Outcome outcome = call("GC", directory, 5s, R"(,"x":")" + std::string(900'000, 'x') + '"');
  CHECK(outcome.status == 0 && size > 900'000);
}

TEST("calls at the same time each get their own answer") {
  const Directory directory;
  FakeAgent agent(directory.path() + "/cni.sock", 20, [](int fd, const std::string&) {
    send_slowly(fd, "EVC1\0\0\0\0\0\0\0\2{}"s);
  });
  std::vector<std::thread> callers;
  for (int i = 0; i < 20; ++i)
    callers.emplace_back([&] { CHECK(call("ADD", directory).output == "{}"); });
  for (std::thread& caller : callers) caller.join();
}

TEST("without an agent: try again; a status of not available; a deletion that is kept") {
  const Directory directory;
  CHECK(has(call("ADD", directory), R"("code":11,)"));
  CHECK(has(call("CHECK", directory), R"("code":11,)"));
  CHECK(has(call("GC", directory), R"("code":11,)"));
  CHECK(has(call("STATUS", directory), R"("code":50,)"));
  const Outcome outcome = call("DEL", directory);
  CHECK(outcome.status == 0 && outcome.output.empty());
  CHECK(call("DEL", directory).status == 0);  // the runtime repeats it
  const auto files = files_in(directory.path() + "/a/pending");
  CHECK(files.size() == 1);
  CHECK(!files.empty() && content_of(directory.path() + "/a/pending/" + files[0]).starts_with("EVC1"));
}

TEST("an agent that dies, talks nonsense or says nothing counts as away") {
  for (const std::string& said : {""s, "EVC1\0\0"s, "HTTP/1.1 400"s}) {
    const Directory directory;
    FakeAgent agent(directory.path() + "/cni.sock", 2, [&](int fd, const std::string&) { send_slowly(fd, said); });
    CHECK(has(call("ADD", directory), R"("code":11,)"));
    CHECK(call("DEL", directory).status == 0);
    CHECK(files_in(directory.path() + "/a/pending").size() == 1);
  }
  const Directory directory;
  FakeAgent agent(directory.path() + "/cni.sock", 1, [](int fd, const std::string&) {
    char byte;
    CHECK(::recv(fd, &byte, 1, 0) == 0);  // until the shim has given up
  });
  const Outcome outcome = call("ADD", directory, 50ms);
  CHECK(has(outcome, R"("code":11,)") && has(outcome, "in time"));
}

TEST("a deletion that cannot be kept is no success") {
  const Directory directory;
  // A file size limit of 0 stands for a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  CHECK(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit none{0, before.rlim_max};
  CHECK(::setrlimit(RLIMIT_FSIZE, &none) == 0);
  const Outcome outcome = call("DEL", directory);
  CHECK(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  CHECK(outcome.status == 1 && has(outcome, R"("code":5,)"));
  CHECK(files_in(directory.path() + "/a/pending").empty());
}

RUN_ALL()
