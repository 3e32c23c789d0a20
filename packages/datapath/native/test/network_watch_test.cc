// NetworkWatch on a real kernel, in a network namespace that lives and dies with this process. Needs
// root; says so and passes when it is not.
// sources: ../network_state.cc ../network_watch.cc
#include "../network_watch.h"

#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>

#include "check.h"

using namespace evio;

namespace {

std::unique_ptr<NetworkWatch> watch;

/// Runs a command in the namespace; whether the watch sees a change. Most notices are there when the
/// command ends, those of a carrier come a little later.
bool changes(const std::string &command) {
  CHECK(std::system(command.c_str()) == 0);
  bool changed = watch->drain();
  pollfd waiting{watch->fd(), POLLIN, 0};
  while (!changed && poll(&waiting, 1, 50) > 0) changed = watch->drain();
  return changed;
}

}  // namespace

TEST("nothing changes by itself, and neighbours and other routes are no change") {
  std::string error;
  CHECK(std::system("ip link add near type veth peer name far && ip addr add 192.0.2.1/24 dev near &&"
                    "ip link set near up && ip link set far up && ip route add default via 192.0.2.254") == 0);
  watch = NetworkWatch::open(error);
  CHECK(watch != nullptr && watch->fd() >= 0);
  changes("true");  // late notices of the links just made
  CHECK(!changes("ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev near"));
  CHECK(!changes("ip route add 198.51.100.0/24 via 192.0.2.254"));
  CHECK(!changes("ip link set near mtu 1400"));
}

TEST("addresses, links and default routes are") {
  CHECK(changes("ip addr add 192.0.2.2/24 dev near"));
  CHECK(!changes("ip addr change 192.0.2.2/24 dev near"));
  CHECK(changes("ip addr del 192.0.2.2/24 dev near"));
  CHECK(changes("ip addr add 2001:db8::1/64 dev near nodad"));
  CHECK(changes("ip route replace default via 192.0.2.253"));
  CHECK(changes("ip route replace default via 192.0.2.254"));
  CHECK(changes("ip route del default"));
  CHECK(changes("ip link set far down"));  // near loses its carrier
  CHECK(changes("ip link set far up"));
  CHECK(changes("ip link set near down"));
  CHECK(changes("ip link set near up"));
  CHECK(changes("ip route add default via 192.0.2.254"));
}

TEST("links without addresses and ignored ones are not") {
  CHECK(!changes("ip link add pod0 type veth peer name pod1 && ip link set pod0 up && ip link set pod1 up"));
  CHECK(!changes("ip link del pod0"));
  CHECK(std::system("ip link add own0 type veth peer name own1") == 0);
  watch->ignore({static_cast<int>(if_nametoindex("own0"))});
  watch->drain();
  CHECK(!changes("ip addr add 203.0.113.1/24 dev own0 && ip link set own0 up && ip link set own1 up"));
}

TEST("lost notices count as a change, and the state is known again behind it") {
  std::string batch = "for i in $(seq 1 4000); do echo addr add 198.18.$((i/250)).$((i%250))/32 dev near;"
                      "echo addr del 198.18.$((i/250)).$((i%250))/32 dev near; done | ip -batch -";
  CHECK(changes(batch));
  CHECK(!watch->drain());
  CHECK(!changes("ip addr change 192.0.2.1/24 dev near"));
}

int main() {
  if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0) {
    std::printf("skipped: needs root\n");
    return 0;
  }
  const int result = evio::test::runAll();
  watch.reset();
  return result;
}
