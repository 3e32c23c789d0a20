// A DEL that the agent could not be told of, kept on disk until it can.
#pragma once

#include <string>
#include <string_view>

namespace evio::cni {

// Keeps a request so that it survives a power cut (fsync, rename, fsync of the directory). The file is
// named after its content, so that a DEL that the runtime repeats is kept once. False, with the reason in `why`,
// when it is not safe on disk.
bool keep_delete(const std::string& directory, std::string_view request, std::string& why);

}  // namespace evio::cni
