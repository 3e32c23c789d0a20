// A few trains to different peers, open at the same time; the one begun longest ago is sent when another
// peer needs its place. Belongs to one sending thread.
#pragma once

#include <vector>

#include "train.h"

namespace evio {

class TrainSet {
 public:
  TrainSet(size_t trains, Sender sender, Transmitter &transmitter, Counters &counters, EventQueue &events) {
    trains_.reserve(trains);
    for (size_t i = 0; i < trains; ++i) trains_.emplace_back(sender, transmitter, counters, events);
  }

  /// The open train to a peer, or a new one. The entry must be linked.
  Train &to(const PeerEntry &entry) {
    Train *free = nullptr;
    for (Train &train : trains_) {
      if (train.active() && train.peer() == entry.peer->id) return train;
      if (!train.active() && free == nullptr) free = &train;
    }
    if (free == nullptr) {
      free = &trains_[next_++ % trains_.size()];
      free->flush();
    }
    free->begin(entry);
    return *free;
  }

  void flush() {
    for (Train &train : trains_) train.flush();
  }

 private:
  std::vector<Train> trains_;
  size_t next_ = 0;  // the one to empty when all are in use
};

}  // namespace evio
