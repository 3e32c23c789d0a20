// The pod worker on the kernel: in a network namespace of this test's own, with a child's for a pod (needs root).
// sources: ../pod_worker/carry_out.cc ../pod_worker/netlink.cc ../pod_worker/steps.cc
#include "../pod_worker/carry_out.h"

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

#include "../pod_worker/netlink.h"
#include "check.h"

using namespace evio::cni;
using evio::FileDescriptor;

namespace {

/// A namespace that lives as long as this.
class Pod {
 public:
  Pod() {
    int ready[2];
    if (::pipe(ready) != 0) std::abort();
    child_ = ::fork();
    if (child_ == 0) {
      if (::unshare(CLONE_NEWNET) != 0 || ::write(ready[1], "x", 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    char byte;
    if (::read(ready[0], &byte, 1) != 1) std::abort();
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~Pod() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  std::string path() const { return "/proc/" + std::to_string(child_) + "/ns/net"; }

 private:
  pid_t child_;
};

void make_bridge(const char *name) {
  NetlinkMessage message(RTM_NEWLINK, NLM_F_CREATE);
  message.header(ifinfomsg{});
  message.text(IFLA_IFNAME, name);
  const std::size_t info = message.begin(IFLA_LINKINFO);
  message.attribute(IFLA_INFO_KIND, "bridge");
  message.end(info);
  std::string why;
  CHECK(NetlinkSocket::open().request(message, why) == 0);
}

Workplace workplace() {
  static const bool apart = ::unshare(CLONE_NEWNET) == 0;
  CHECK(apart);
  return Workplace(FileDescriptor(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)));
}

Step veth(const Pod &pod, const char *bridge, const char *host) {
  return {"veth", host, "02:00:00:00:00:02", "1400", bridge, "eth0", "02:00:00:00:00:01", pod.path()};
}

std::string parameter(const std::string &path) {
  std::string text;
  std::ifstream("/proc/sys/net/" + path) >> text;
  return text;
}

}  // namespace

TEST("a pod gets its interface, and the worker is back where it was") {
  Workplace place = workplace();
  make_bridge("br0");
  const Pod pod;
  const std::vector<Step> steps{veth(pod, "br0", "evp0"),
                                {"hairpin", "evp0"},
                                {"enter", pod.path()},
                                {"set", "ipv4/conf/eth0/arp_notify", "1"},
                                {"up", "lo"},
                                {"up", "eth0"},
                                {"await", "evp0"},
                                {"address", "10.244.3.2/16", "eth0"},
                                {"address", "fd00:244::2/48", "eth0"},
                                {"route", "0.0.0.0/0", "10.244.3.1", "eth0"},
                                {"route", "::/0", "fd00:244::1", "eth0"},
                                {"route", "10.96.0.0/12", "", "eth0"},
                                {"announce", "eth0", "02:00:00:00:00:01"}};
  const auto failure = place.carry_out(steps);
  CHECK(!failure);
  CHECK(parameter("ipv4/conf/eth0/arp_notify") == "1");
  std::string routes, line;
  for (std::ifstream table("/proc/net/route"); std::getline(table, line);) routes += line.substr(0, 22) + '\n';
  CHECK(routes.find("eth0\t00000000\t0103F40A") != std::string::npos);
  CHECK(routes.find("eth0\t0000600A\t00000000") != std::string::npos);
  CHECK(place.return_home());
  CHECK(::if_nametoindex("br0") != 0 && ::if_nametoindex("evp0") != 0 && ::if_nametoindex("eth0") == 0);
}

TEST("the step that fails is told, with the kernel's reason; those behind it are not tried") {
  Workplace place = workplace();
  const Pod pod;
  const std::vector<Step> none{veth(pod, "br-none", "evp1")};
  CHECK(place.carry_out(none)->why == "there is no br-none");
  make_bridge("br1");
  const std::vector<Step> twice{veth(pod, "br1", "evp1"), veth(pod, "br1", "evp1"), veth(pod, "br1", "evp2")};
  const auto failure = place.carry_out(twice);
  CHECK(failure && failure->step == 1 && failure->why.find("exists") != std::string::npos);
  CHECK(::if_nametoindex("evp1") != 0 && ::if_nametoindex("evp2") == 0);
  for (const Step &step : std::vector<Step>{{"fly"}, {"up"}, {"up", "evp9"}, {"enter", "/proc/self/ns/uts"},
                                            {"address", "x", "evp1"}, {"set", "ipv4/none", "1"}}) {
    CHECK(place.carry_out(std::vector<Step>{step}));
    CHECK(place.return_home());
  }
}

RUN_ALL()
