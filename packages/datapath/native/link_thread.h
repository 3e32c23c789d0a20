// The link thread: everything that comes from the network, and everything that is sent for another
// reason than a frame.
//
// It owns the receiving side of the UDP sockets, the Receiver, the TURN streams, the rtnetlink watch
// and all timers; on hosts with few cores the TAPs as well (engine.h). It sleeps until one of them has
// something, but looks again for a moment after a turn with much to do. With nothing unanswered, no
// fragments and no stream being opened it has no timer at all.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <unordered_map>

#include "link_commands.h"
#include "network_watch.h"
#include "poller.h"
#include "receiver.h"
#include "tap_port.h"
#include "thread.h"
#include "turn_stream.h"
#include "wakeup.h"

namespace evio {

class LinkThread final : public TurnStream::Listener {
 public:
  LinkThread(Registry &registry, const Sockets &sockets, EventQueue &events);
  ~LinkThread();

  // Any thread:
  void start();
  /// Returns when the thread has ended.
  void stop();
  void wake() const { wakeup_.notify(); }
  /// False when the queue is full. `bytes`: of the command's contents.
  bool post(command::Any command, size_t bytes = 0);
  /// For transmitters: one datagram for a stream.
  bool post_stream(StreamId stream, Bytes bytes);
  /// Something was sent to a peer after all before was answered: watch whether an answer comes.
  void unanswered();
  const Counters &counters() const { return counters_; }

 private:
  struct Stream {
    StreamId id;
    std::unique_ptr<TurnStream> turn;
    uint32_t events = 0;
    int fd = -1;
  };

  void run();
  std::optional<Micros> deadline() const;
  std::span<const epoll_event> next_events();
  void receive(const UdpSocket &socket, Micros now);
  void execute(Micros now);
  void watch_stalls(Micros now);
  void watch_network(Micros now);
  void handle_stream(StreamId id, uint32_t events);
  void read_tap(OverlayId overlay, uint32_t events, Micros now);
  void rearm(Stream &stream);
  void sweep_streams();
  Stream *stream_of(const TurnStream &turn);

  void on_open(TurnStream &turn) override;
  void on_message(TurnStream &turn, MutableBytes message) override;
  void on_closed(TurnStream &turn, const std::string &error) override;

  void run_command(command::SendControl &command, Micros now);
  void run_command(command::Probe &command, Micros now);
  void run_command(command::Echo &command, Micros now);
  void run_command(command::SendOverlay &command, Micros now);
  void run_command(command::OpenStream &command, Micros now);
  void run_command(command::CloseStream &command, Micros now);
  void run_command(command::StreamMessage &command, Micros now);
  void run_command(command::IgnoreInterfaces &command, Micros now);
  void run_command(command::RepairFloods &command, Micros now);
  void run_command(command::ForgetPeer &command, Micros now);
  void run_command(command::AttachTap &command, Micros now);
  void run_command(command::DetachTap &command, Micros now);

  Registry &registry_;
  const Sockets &sockets_;
  EventQueue &events_;
  Counters counters_;
  SocketTransmitter transmitter_;
  Forwarder forwarder_;
  Receiver receiver_;
  UdpReceiver udp_;
  LinkCommands commands_;
  Wakeup wakeup_;
  Poller poller_;
  std::unique_ptr<NetworkWatch> network_;
  std::optional<Micros> network_due_;
  std::unordered_map<StreamId, Stream> streams_;
  std::vector<StreamId> closed_streams_;
  std::unordered_map<OverlayId, std::shared_ptr<TapPort>> taps_;
  size_t moved_ = 0;  // bytes from sockets and TAPs in this turn
  Micros stream_due_ = 0;
  Micros reassembly_due_ = 0;
  Micros stall_due_ = 0;
  std::atomic<bool> stall_armed_{false};
  std::atomic<bool> stopping_{false};
  Thread thread_;  // last: it uses the others
};

}  // namespace evio
