// Calls a network's plugins by libcni, the library of the CNI project that container runtimes are built on:
//
//	libcni add|check|del CONFLIST BIN-DIRECTORY CACHE-DIRECTORY CONTAINER-ID NETNS
//
// Prints the result of add. Built by libcni.test.ts with Debian's golang-github-appc-cni-dev.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/containernetworking/cni/libcni"
)

func run(command, file, bin, cache, id, netns string) error {
	list, err := libcni.ConfListFromFile(file)
	if err != nil {
		return err
	}
	cni := libcni.NewCNIConfigWithCacheDir([]string{bin}, cache, nil)
	container := &libcni.RuntimeConf{ContainerID: id, NetNS: netns, IfName: "eth0"}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	switch command {
	case "add":
		result, err := cni.AddNetworkList(ctx, list, container)
		if err != nil {
			return err
		}
		return result.Print()
	case "check":
		return cni.CheckNetworkList(ctx, list, container)
	case "del":
		return cni.DelNetworkList(ctx, list, container)
	}
	return fmt.Errorf("expected add, check or del, got %q", command)
}

func main() {
	if len(os.Args) != 7 {
		fmt.Fprintln(os.Stderr, "usage: libcni add|check|del CONFLIST BIN CACHE ID NETNS")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
