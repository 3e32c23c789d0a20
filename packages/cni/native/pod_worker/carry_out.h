// Carries the steps of a request out, in the kernel. Only for the only thread of its process: it goes from
// namespace to namespace.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "file_descriptor.h"
#include "steps.h"

namespace evio::cni {

struct Failure {
  std::size_t step;
  std::string why;
};

class Workplace {
 public:
  /// The namespace that the thread is in now is where each request begins. `home`: of it, open.
  explicit Workplace(FileDescriptor home);

  /// Stops at the first step that fails; what was done stays.
  std::optional<Failure> carry_out(std::span<const Step> steps);

  /// Back in the namespace where it began. False when the kernel does not let us: then there is nothing
  /// more to be done in this process.
  bool return_home();

 private:
  /// A veth's other end is up at once, but its bridge takes frames from it only when the kernel's own
  /// worker has noticed: what is announced before is lost.
  void await_carrier(const std::string &host) const;

  FileDescriptor home_;
  FileDescriptor home_socket_;  // sees devices of home from everywhere
  bool away_ = false;
};

}  // namespace evio::cni
