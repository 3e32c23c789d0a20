// One call to the agent: connect, send, wait for the answer, all before a deadline.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "deadline.h"
#include "frame.h"

namespace evio::cni {

// Nothing when the agent does not answer in full and in time; `why` then says it in a few words.
std::optional<Answer> call_agent(const std::string& socket_path, std::string_view request,
                                 const Deadline& deadline, std::string& why);

}  // namespace evio::cni
