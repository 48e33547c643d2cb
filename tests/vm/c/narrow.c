/* Numbers of 8, 16 and 32 bits, with and without a sign: extended, compared, shifted, stored. */
typedef unsigned long long u64;
typedef long long s64;
typedef unsigned int u32;
typedef int s32;
typedef unsigned short u16;
typedef short s16;
typedef unsigned char u8;
typedef signed char s8;

struct numbers {
	s8 tiny;
	u8 octet;
	s16 small;
	u16 half;
	s32 medium;
	u32 word;
	s64 large;
};

static __attribute__((noinline)) void narrow(struct numbers *to, u64 x)
{
	to->tiny = x;
	to->octet = x >> 8;
	to->small = x >> 16;
	to->half = x >> 32;
	to->medium = x >> 29;
	to->word = x >> 31;
	to->large = x;
}

static __attribute__((noinline)) u64 wide(const struct numbers *of)
{
	u64 sum = (s64)of->tiny;

	sum = sum * 31 + of->octet;
	sum = sum * 31 + (s64)of->small;
	sum = sum * 31 + of->half;
	sum = sum * 31 + (s64)of->medium;
	sum = sum * 31 + of->word;
	return sum * 31 + of->large;
}

static u32 order(const struct numbers *one, const struct numbers *other)
{
	u32 bits = one->tiny < other->tiny;

	bits = bits << 1 | (one->octet <= other->octet);
	bits = bits << 1 | (one->small > other->small);
	bits = bits << 1 | (one->half >= other->half);
	bits = bits << 1 | (one->medium < other->medium);
	bits = bits << 1 | (one->word < other->word);
	bits = bits << 1 | (one->large <= other->large);
	return bits << 1 | ((u64)one->large > (u64)other->large);
}

u64 entry(u64 a, u64 b)
{
	struct numbers one, other;
	u32 left, right;
	s32 signed_left;

	narrow(&one, a);
	narrow(&other, b);
	left = one.word * other.word - one.medium;
	right = left ^ (left << (b & 31)) ^ (other.word >> (a & 31));
	signed_left = (s32)left >> (right & 31);
	return wide(&one) ^ wide(&other) << 1 ^ (u64)order(&one, &other) << 40 ^
	       (u64)(s64)signed_left ^ right ^ (u64)((s64)(a - b) >> (a & 63));
}
