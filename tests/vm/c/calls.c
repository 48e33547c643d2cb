/* Functions that call functions, with up to five arguments and a pointer to the caller's stack. */
typedef unsigned long long u64;

#define APART static __attribute__((noinline))

APART u64 divisor(u64 a, u64 b)
{
	while (b) {
		u64 rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

APART u64 root(u64 x)
{
	u64 found = 0;

	for (u64 bit = 1ull << 31; bit; bit >>= 1)
		if ((found | bit) * (found | bit) <= x)
			found |= bit;
	return found;
}

APART u64 power(u64 base, u64 exponent, u64 modulus)
{
	u64 result = 1;

	for (base %= modulus; exponent; exponent >>= 1) {
		if (exponent & 1)
			result = result * base % modulus;
		base = base * base % modulus;
	}
	return result;
}

APART void exchanged(u64 *pair)
{
	u64 first = pair[0];

	pair[0] = pair[1] + root(first);
	pair[1] = first ^ divisor(pair[0], first);
}

APART u64 mixed(u64 a, u64 b, u64 c, u64 d, u64 e)
{
	return power(a, b & 0xffff, (c & 0xffffffff) + 2) * 3 + (d ^ e);
}

u64 entry(u64 a, u64 b)
{
	u64 pair[2] = { a, b };

	exchanged(pair);
	exchanged(pair);
	return mixed(pair[0], pair[1], a, b, root(pair[0])) ^ mixed(b, a, pair[1], divisor(a, b), 1);
}
