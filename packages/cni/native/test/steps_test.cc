// What the agent writes to the pod worker, byte by byte.
// sources: ../pod_worker/steps.cc
#include "../pod_worker/steps.h"

#include <netinet/in.h>

#include "check.h"

using namespace evio::cni;
using namespace std::string_literals;

TEST("steps are words, each ended by a zero, behind their number") {
  const auto steps = read_steps("\3set\0a/b\0\x31\0\4route\0::/0\0\0eth0\0"s);
  CHECK(steps && steps->size() == 2);
  CHECK(steps && (*steps)[0] == Step({"set", "a/b", "1"}));
  CHECK(steps && (*steps)[1] == Step({"route", "::/0", "", "eth0"}));
  CHECK(read_steps("")->empty());
}

TEST("what is cut off, or has no words, is no request") {
  for (const std::string &bytes : {"\0"s, "\1"s, "\1up"s, "\2up\0"s, "\2up\0eth0"s}) CHECK(!read_steps(bytes));
}

TEST("addresses are read with and without a prefix length, and nothing else is") {
  const auto v4 = read_cidr("10.244.3.2/16");
  CHECK(v4 && v4->family == AF_INET && v4->length == 16 && v4->address == "\x0a\xf4\3\2");
  const auto v6 = read_cidr("fd00::1");
  CHECK(v6 && v6->family == AF_INET6 && v6->length == 128 && v6->address.size() == 16);
  for (const char *text : {"", "/8", "10.0.0.1/33", "10.0.0.1/", "10.0.0.1/8x", "fd00::1/129", "10.0.0", "x"}) {
    CHECK(!read_cidr(text));
  }
}

TEST("a MAC is six bytes in hexadecimal") {
  CHECK(read_mac_text("02:00:00:00:ab:01") == "\2\0\0\0\xab\1"s);
  for (const char *text : {"", "02:00:00:00:ab", "02:00:00:00:ab:0g", "02-00-00-00-ab-01"}) CHECK(!read_mac_text(text));
}

RUN_ALL()
