/* Multiplication, rotation and shifts in 64 bits: three hashes, one over the other. */
typedef unsigned long long u64;

static u64 rotated(u64 x, unsigned by)
{
	return x << (by & 63) | x >> (-by & 63);
}

static u64 over_bytes(u64 hash, u64 x)
{
	for (int i = 0; i < 8; i++) {
		hash ^= x & 0xff;
		hash *= 0x100000001b3;
		x >>= 8;
	}
	return hash;
}

static u64 next(u64 x)
{
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static u64 finished(u64 x)
{
	x = (x ^ x >> 31) * 0x9fb21c651e98df25;
	x = (x ^ x >> 28) * 0xd6e8feb86659fd93;
	return x ^ x >> 33;
}

u64 entry(u64 a, u64 b)
{
	u64 hash = over_bytes(over_bytes(0xcbf29ce484222325, a), b);

	for (unsigned i = 0; i < 16; i++)
		hash = next(hash + rotated(a, hash) * (i | 1)) ^ rotated(b, i * 7);
	return finished(hash);
}
