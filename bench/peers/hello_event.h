/* The record that the program sends and the reader prints: that of tuxscope's hello. */
struct hello_event {
	__u32 pid;
	__u64 timestamp_ns;
	char comm[16];
};
