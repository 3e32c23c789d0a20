// What the shim reads of a network configuration.
// sources: ../json_strings.cc
#include "../json_strings.h"

#include "check.h"

using namespace evio::cni;

TEST("a string at the top level is found, in any case, the last one counts") {
  CHECK(top_level_string(R"({"cniVersion":"1.0.0","name":"x"})", "cniVersion") == "1.0.0");
  CHECK(top_level_string(R"( { "CNIVersion" : "1.1.0" } )", "cniVersion") == "1.1.0");
  CHECK(top_level_string(R"({"socket":"/a","Socket":"/b"})", "socket") == "/b");
}

TEST("what stands deeper, or is no string, is not found") {
  CHECK(!top_level_string(R"({"ipam":{"socket":"/a"},"x":["socket","/b"]})", "socket"));
  CHECK(!top_level_string(R"({"socket":null})", "socket"));
  CHECK(!top_level_string(R"({"socket":{"socket":"/a"}})", "socket"));
  CHECK(top_level_string(R"({"a":{"b":"}"},"c":[1,{"d":"]"}],"socket":"/x"})", "socket") == "/x");
}

TEST("escapes are decoded; a value with others counts as missing") {
  CHECK(top_level_string(R"({"socket":"\/run\/a\"b\\"})", "socket") == "/run/a\"b\\");
  CHECK(!top_level_string(R"({"socket":"\u002frun"})", "socket"));
}

TEST("text that is cut anywhere is no danger") {
  const std::string whole = R"({"a":[1,{"b":"\"c"}],"socket":"/run/x"})";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    auto found = top_level_string(std::string_view(whole).substr(0, length), "socket");
    CHECK(!found || *found == "/run/x");
  }
}

TEST("what is quoted reads back, unprintable bytes replaced") {
  CHECK(json_quoted("a\"b\\c\n\x80") == R"("a\"b\\c??")");
}

RUN_ALL()
