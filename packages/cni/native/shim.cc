#include "shim.h"

#include <optional>
#include <vector>

#include "agent_call.h"
#include "frame.h"
#include "json_strings.h"
#include "pending_delete.h"

namespace evio::cni {
namespace {

constexpr std::string_view kNewestVersion = "1.1.0";
constexpr std::string_view kSupportedVersions =
    R"(["0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"])";

constexpr int kCodeEnvironment = 4;
constexpr int kCodeIo = 5;
constexpr int kCodeTryAgain = 11;
constexpr int kCodeNotAvailable = 50;

std::optional<std::string_view> variable(std::span<const std::string_view> environment,
                                         std::string_view name) {
  for (std::string_view entry : environment)
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=')
      return entry.substr(name.size() + 1);
  return std::nullopt;
}

std::string setting(std::string_view input, std::string_view key, std::string_view otherwise) {
  auto value = top_level_string(input, key);
  return value && !value->empty() ? *value : std::string(otherwise);
}

Outcome version_of(std::string_view version) {
  return {0, "{\"cniVersion\":" + json_quoted(version) + ",\"supportedVersions\":" +
                 std::string(kSupportedVersions) + "}\n"};
}

}  // namespace

Outcome failure(std::string_view cni_version, int code, std::string_view message, std::string_view details) {
  return {1, "{\"cniVersion\":" + json_quoted(cni_version) + ",\"code\":" + std::to_string(code) +
                 ",\"msg\":" + json_quoted(message) + ",\"details\":" + json_quoted(details) + "}\n"};
}

Outcome run_shim(std::span<const std::string_view> environment, std::string_view input,
                 std::chrono::milliseconds timeout) {
  Deadline deadline(timeout);
  std::string version = setting(input, "cniVersion", kNewestVersion);
  auto command = variable(environment, "CNI_COMMAND");
  if (!command) return failure(version, kCodeEnvironment, "CNI_COMMAND is missing", "");
  if (*command == "VERSION") return version_of(version);

  std::vector<std::string_view> passed;
  for (std::string_view entry : environment)
    if (entry.starts_with("CNI_")) passed.push_back(entry);
  std::string request = encode_request(passed, input);
  std::string socket_path = setting(input, "socket", "/run/evio/cni.sock");
  std::string why;
  if (auto answer = call_agent(socket_path, request, deadline, why))
    return {answer->status, std::move(answer->output)};

  std::string details = "no answer at " + socket_path + ": " + why;
  if (*command == "DEL") {
    std::string directory = setting(input, "pendingDir", "/var/lib/evio/cni/pending");
    std::string problem;
    if (keep_delete(directory, request, problem)) return {0, ""};
    return failure(version, kCodeIo, "the Evio agent is away and the deletion cannot be kept", problem);
  }
  int code = *command == "STATUS" ? kCodeNotAvailable : kCodeTryAgain;
  return failure(version, code, "the Evio agent is not available", details);
}

}  // namespace evio::cni
