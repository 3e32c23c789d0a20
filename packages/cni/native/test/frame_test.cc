// Requests and answers, byte by byte.
// sources: ../frame.cc
#include "../frame.h"

#include <array>

#include "check.h"

using namespace evio::cni;
using namespace std::string_literals;

TEST("a request is a header, the environment, and standard input") {
  const std::array<std::string_view, 2> environment{"CNI_COMMAND=ADD", "CNI_IFNAME=eth0"};
  CHECK(encode_request(environment, "{}") ==
        "EVC1\0\0\0\x20\0\0\0\2CNI_COMMAND=ADD\0CNI_IFNAME=eth0\0{}"s);
}

TEST("an answer is put together however it is cut") {
  const std::string bytes = "EVC1\0\0\0\1\0\0\0\5hello"s;
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    AnswerReader reader;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      CHECK(!reader.answer());
      CHECK(reader.take(std::string_view(bytes).substr(at, piece)));
    }
    const auto answer = reader.answer();
    CHECK(answer && answer->status == 1 && answer->output == "hello");
  }
}

TEST("what is no answer is refused as soon as it shows") {
  for (const std::string& bytes : {"HTTP"s, "EVC2"s, "EVC1\0\0\0\2\0\0\0\0"s, "EVC1\0\0\0\0\xff\0\0\0"s,
                                   "EVC1\0\0\0\0\0\0\0\1ab"s}) {
    AnswerReader reader;
    CHECK(!reader.take(bytes));
  }
}

RUN_ALL()
