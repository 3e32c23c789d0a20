// The CNI plugin as the runtime executes it: a go-between from the runtime to the agent, without a
// decision of its own as long as the agent is there.
//
//   1. VERSION is answered here.
//   2. The CNI_* environment and standard input go to the agent (frame.h); its answer is printed.
//   3. When the agent does not answer: ADD, CHECK and GC fail with code 11 (try again later), STATUS
//      with 50 (not available), and DEL is kept on disk for the agent (pending_delete.h) and succeeds, because
//      a runtime that cannot delete a pod holds the node up.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

namespace evio::cni {

// kubelet gives RunPodSandbox four minutes and StopPodSandbox two; whoever waits for less has to ask again.
inline constexpr std::chrono::milliseconds kDefaultTimeout{40'000};

struct Outcome {
  int status;
  std::string output;
};

// `environment`: all of it, each entry KEY=VALUE. Never throws, never waits longer than `timeout` and a
// write to disk.
Outcome run_shim(std::span<const std::string_view> environment, std::string_view input,
                 std::chrono::milliseconds timeout);

// The error of the CNI specification (section 5, "Error") as the agent and the shim print it.
Outcome failure(std::string_view cni_version, int code, std::string_view message, std::string_view details);

}  // namespace evio::cni
