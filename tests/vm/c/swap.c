/* Bytes and bits in another order. */
typedef unsigned long long u64;
typedef unsigned int u32;
typedef unsigned short u16;

static u64 reversed(u64 x)
{
	x = (x & 0x5555555555555555) << 1 | (x >> 1 & 0x5555555555555555);
	x = (x & 0x3333333333333333) << 2 | (x >> 2 & 0x3333333333333333);
	x = (x & 0x0f0f0f0f0f0f0f0f) << 4 | (x >> 4 & 0x0f0f0f0f0f0f0f0f);
	return __builtin_bswap64(x);
}

static u32 ones(u64 x)
{
	u32 count = 0;

	for (; x; x &= x - 1)
		count++;
	return count;
}

u64 entry(u64 a, u64 b)
{
	u64 sum = __builtin_bswap64(a) + __builtin_bswap32((u32)b) + __builtin_bswap16((u16)(a + b));

	sum = sum * 31 + reversed(b);
	sum = sum * 31 + (__builtin_bswap32((u32)a) >> (b & 31));
	return sum * 31 + ones(a ^ b) + ((u64)__builtin_bswap16((u16)b) << 48);
}
