{
  "targets": [
    {
      "target_name": "datapath",
      "sources": [
        "native/addon.cc",
        "native/address_frames.cc",
        "native/aead.cc",
        "native/aes_gcm_vaes.cc",
        "native/endpoint.cc",
        "native/engine.cc",
        "native/flood_relay.cc",
        "native/flood_table.cc",
        "native/forwarder.cc",
        "native/frame_sender.cc",
        "native/group_frames.cc",
        "native/group_table.cc",
        "native/js_values.cc",
        "native/link_thread.cc",
        "native/mac_table.cc",
        "native/merger.cc",
        "native/network_state.cc",
        "native/network_watch.cc",
        "native/packet_headers.cc",
        "native/reassembly.cc",
        "native/receiver.cc",
        "native/registry.cc",
        "native/route_table.cc",
        "native/segmenter.cc",
        "native/tap.cc",
        "native/tap_port.cc",
        "native/tap_thread.cc",
        "native/tls_context.cc",
        "native/train.cc",
        "native/transmitter.cc",
        "native/turn_deframer.cc",
        "native/turn_stream.cc",
        "native/udp_socket.cc",
        "native/vnet_header.cc"
      ],
      # Headers of others are system headers: their warnings are not ours to mend.
      "cflags_cc": [
        "-std=c++20", "-O3", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden",
        "-isystem", "<!(node -p \"path.dirname(require.resolve('node-addon-api'))\")"
      ],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-Wno-unused-parameter"],
      "defines": ["NAPI_VERSION=9", "NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS"]
    }
  ]
}
