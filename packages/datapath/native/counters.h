// Everything that is dropped is counted here by reason, and the totals beside it. The names are part of
// the interface (docs/protocol.md lists them): add, never rename.
//
// Each thread counts in a block of its own, so counting never contends; a reader sums the blocks.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace evio {

// clang-format off
#define EVIO_COUNTERS(X)                                                                            \
  /* totals */                                                                                      \
  X(rxDatagrams)          X(rxBytes)             X(txDatagrams)         X(txBytes)                  \
  X(rxFrames)             X(txFrames)            X(txSends)             X(rxBatches)                \
  X(tapReads)             X(tapWrites)           X(mergedSegments)      X(packedFrames)             \
  X(fragmentsSent)        X(fragmentsReceived)   X(framesReassembled)   X(queuedFrames)             \
  X(flushedFrames)        X(gsoFallbacks)        X(roams)               X(macMoves)                 \
  X(floodedFrames)        X(forwardsSent)        X(forwardsRelayed)     X(forwardsReceived)         \
  X(floodCopies)          X(floodsReceived)      X(floodDuplicates)    X(floodRepairs)             \
  X(answeredLocally)      X(groupReports)        X(groupFrames)         X(groupFramesUnwanted)      \
  X(loopBeacons)                                                                                   \
  /* dropped datagrams, receiving */                                                                \
  X(dropEmptyDatagram)    X(dropUnknownType)     X(dropTruncatedDatagram) X(dropHeaderInvalid)      \
  X(dropUnknownIndex)     X(dropReplayed)        X(dropForged)          X(dropCounterExhausted)     \
  X(dropChannelUnknown)   X(dropChannelMalformed) X(dropUpQueueFull)    X(dropHandshakeMalformed)   \
  /* dropped records, receiving */                                                                  \
  X(dropRecordMalformed)  X(dropRecordUnknown)   X(dropFrameMalformed)  X(dropSegmentMalformed)     \
  X(dropOwnSourceMac)     X(dropLoop)            X(dropControlTooLong)  X(dropEchoMalformed)        \
  X(dropFragmentMalformed) X(dropReassemblyFull) X(dropReassemblyTimeout) X(dropTapWrite)           \
  /* dropped forward records, at any hop */                                                          \
  X(dropForwardMalformed) X(dropForwardNested)   X(dropForwardLeaf)     X(dropForwardLoop)          \
  X(dropForwardHopLimit)  X(dropForwardNoRoute)  X(dropForwardNoNeighbour) X(dropForwardTooBig)     \
  /* dropped floods, at any hop */                                                                   \
  X(dropFloodMalformed)   X(dropFloodOwn)        X(dropFloodHops)       X(dropFloodStorm)           \
  X(dropFloodNoNeighbour) X(dropFloodLinkStorm)  X(dropFloodForged)                                 \
  /* dropped frames, sending */                                                                     \
  X(dropTapFrameMalformed) X(dropNoPeers)        X(dropQueueFull)       X(dropQueueTimeout)         \
  X(dropSessionExhausted) X(dropSealFailed)      X(dropPeerGone)        X(dropFrameTooLarge)        \
  X(dropDestinationLocal)                                                                           \
  /* dropped datagrams, sending */                                                                  \
  X(dropTooBig)           X(dropSendBlocked)     X(dropSendFailed)      X(dropUnreachable)          \
  X(dropNoSocket)         X(dropStreamFull)      X(dropStreamGone)      X(dropNoSession)            \
  X(dropCommandQueueFull)                                                                           \
  /* MAC table */                                                                                   \
  X(macEvicted)
// clang-format on

enum class Counter : uint8_t {
#define X(name) name,
  EVIO_COUNTERS(X)
#undef X
      count_
};

inline constexpr size_t kCounterCount = static_cast<size_t>(Counter::count_);

inline constexpr std::array<const char *, kCounterCount> kCounterNames = {
#define X(name) #name,
    EVIO_COUNTERS(X)
#undef X
};

/// One thread's counts; any thread may read.
class alignas(64) Counters {
 public:
  void add(Counter counter, uint64_t amount = 1) {
    // One writer per block: a plain load and store, without the cost of a locked instruction.
    auto &cell = cells_[static_cast<size_t>(counter)];
    cell.store(cell.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }

  uint64_t get(Counter counter) const {
    return cells_[static_cast<size_t>(counter)].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<uint64_t>, kCounterCount> cells_{};
};

}  // namespace evio
