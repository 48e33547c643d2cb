/* Signed division and remainder, which came with the fourth version of the instruction set. */
typedef unsigned long long u64;
typedef long long s64;
typedef unsigned int u32;
typedef int s32;

/* C leaves these two cases open. */
static int defined64(s64 a, s64 b)
{
	return b != 0 && !(b == -1 && a == (s64)(1ull << 63));
}

static int defined32(s32 a, s32 b)
{
	return b != 0 && !(b == -1 && a == (s32)(1u << 31));
}

static __attribute__((noinline)) u64 divided(s64 a, s64 b)
{
	u64 sum = a / 10 * 31 + a % 10 + b / -7 + b % -7 + a / 4096;

	if (defined64(a, b))
		sum = sum * 31 + (u64)(a / b) + (u64)(a % b) * 7;
	if (b)
		sum = sum * 31 + (u64)a / (u64)b + (u64)a % (u64)b;
	return sum;
}

static __attribute__((noinline)) u32 divided32(s32 a, s32 b)
{
	u32 sum = (u32)(a / 10) * 31 + a % 10 + b / -7 + b % -7;

	if (defined32(a, b))
		sum = sum * 31 + (u32)(a / b) + (u32)(a % b) * 7;
	if (b)
		sum = sum * 31 + (u32)a / (u32)b + (u32)a % (u32)b;
	return sum;
}

u64 entry(u64 a, u64 b)
{
	return divided(a, b) ^ divided(b, a) << 1 ^ divided32(a, b) ^ (u64)divided32(b, a) << 32 ^
	       (u64)divided32(a >> 32, b >> 32) << 16;
}
