#include "pending_delete.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "file_descriptor.h"

namespace evio::cni {
namespace {

// FNV-1a over 64 bits; two of them with different beginnings make a name of 128 bits.
std::uint64_t fnv1a(std::string_view bytes, std::uint64_t state) {
  for (char c : bytes) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return state;
}

std::string name_of(std::string_view request) {
  char name[40];
  std::snprintf(name, sizeof name, "%016llx%016llx",
                static_cast<unsigned long long>(fnv1a(request, 0xcbf29ce484222325)),
                static_cast<unsigned long long>(fnv1a(request, 0x84222325cbf29ce4)));
  return name;
}

bool make_directories(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) return false;
    if (slash == std::string::npos) return true;
  }
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool write_durably(const std::string& file, std::string_view bytes) {
  FileDescriptor fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  return fd && write_all(fd.get(), bytes) && ::fsync(fd.get()) == 0;
}

}  // namespace

bool keep_delete(const std::string& directory, std::string_view request, std::string& why) {
  std::string file = directory + '/' + name_of(request) + ".del";
  std::string temporary = file + '.' + std::to_string(::getpid());
  bool kept = make_directories(directory) && write_durably(temporary, request) &&
              ::rename(temporary.c_str(), file.c_str()) == 0;
  if (kept) {
    FileDescriptor entry(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    kept = entry && ::fsync(entry.get()) == 0;
  }
  if (!kept) {
    why = directory + ": " + std::strerror(errno);
    ::unlink(temporary.c_str());
  }
  return kept;
}

}  // namespace evio::cni
