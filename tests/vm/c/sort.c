/* Memory, with indices that are computed: two sorts of the same numbers, held against each other. */
typedef unsigned long long u64;
typedef unsigned int u32;

enum { COUNT = 24 };

static __attribute__((noinline)) void insertion_sort(u32 *numbers)
{
	for (int i = 1; i < COUNT; i++) {
		u32 moved = numbers[i];
		int at = i;

		for (; at > 0 && numbers[at - 1] > moved; at--)
			numbers[at] = numbers[at - 1];
		numbers[at] = moved;
	}
}

static __attribute__((noinline)) void sift(u32 *numbers, int root, int end)
{
	while (2 * root + 1 < end) {
		int child = 2 * root + 1;
		u32 above = numbers[root];

		if (child + 1 < end && numbers[child] < numbers[child + 1])
			child++;
		if (above >= numbers[child])
			return;
		numbers[root] = numbers[child];
		numbers[child] = above;
		root = child;
	}
}

static __attribute__((noinline)) void heap_sort(u32 *numbers)
{
	for (int root = COUNT / 2 - 1; root >= 0; root--)
		sift(numbers, root, COUNT);
	for (int end = COUNT - 1; end > 0; end--) {
		u32 largest = numbers[0];

		numbers[0] = numbers[end];
		numbers[end] = largest;
		sift(numbers, 0, end);
	}
}

u64 entry(u64 a, u64 b)
{
	u32 one[COUNT], other[COUNT];
	u64 sum = a ^ b;

	for (int i = 0; i < COUNT; i++) {
		a = a * 6364136223846793005 + b;
		one[i] = other[i] = a >> 32;
	}
	insertion_sort(one);
	heap_sort(other);
	for (int i = 0; i < COUNT; i++) {
		if (one[i] != other[i])
			return i;
		sum = sum * 31 + one[i];
	}
	return sum;
}
