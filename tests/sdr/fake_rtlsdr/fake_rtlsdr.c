/* A librtlsdr without a dongle: samples from a file, at real time or flat out, and faults on demand.
 *
 * It is for tests alone: it keeps the interface of librtlsdr 0.6 and the behaviour that matters to capture, which is a
 * queue of transfers that fills at the crystal's pace and overruns when its reader is late. It never opens a device.
 *
 * FAKE_RTLSDR_FILE     interleaved unsigned bytes; played over and over
 * FAKE_RTLSDR_AIRS     folder of such files by the centre that they are heard at, such as 897000.cu8 [kHz]; FILE elsewhere
 * FAKE_RTLSDR_TUNE_S   how long tuning takes; 0.01 if left out
 * FAKE_RTLSDR_STATE    folder in which several processes share one device: `epoch` is when it was first started,
 *                      `struck` is there once the fault has struck and says when, `away` while the device is unplugged (delete it to
 *                      plug the device in), `busy` while another program is said to hold it, `open` while it is open
 * FAKE_RTLSDR_FLAT_OUT any value: no waiting
 * FAKE_RTLSDR_FAULT    KIND@TRANSFER, once: unplug, error-4, error-8, hang-read, hang-close, late, short, drop, deaf
 * FAKE_RTLSDR_LATE_S   how long a late callback is late; 0.6 if left out
 * FAKE_RTLSDR_DROP     bytes that a dropped transfer takes with it; one transfer if left out
 * FAKE_RTLSDR_PPM      how much faster the crystal is than it says
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_TRANSFERS 15
#define DEFAULT_BYTES (16 * 32 * 512)
#define PACKET 512
#define SERIAL "00000077"

typedef void (*callback_t)(unsigned char *buf, uint32_t len, void *ctx);

typedef struct rtlsdr_dev {
	uint32_t rate, frequency;
	int ppm, gain, manual;
	uint64_t position; /* bytes since the epoch, flat out */
	int cancelled, reading, hangs;
	FILE *air, *next; /* what is heard, and what will be from the byte on at which the tuner was told */
	double tuned_s;
	pthread_mutex_t lock;
	pthread_cond_t changed;
} rtlsdr_dev_t;

static const int GAINS[] = {0,   9,   14,  27,  37,  77,  87,  125, 144, 157, 166, 197, 207, 229, 254,
                            280, 297, 328, 338, 364, 372, 386, 402, 421, 434, 439, 445, 480, 496};
#define N_GAINS ((int)(sizeof GAINS / sizeof *GAINS))

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + 1e-9 * t.tv_nsec;
}

static double number(const char *name, double otherwise)
{
	const char *text = getenv(name);
	return text ? atof(text) : otherwise;
}

static const char *state_file(const char *name)
{
	static __thread char path[4096];
	const char *folder = getenv("FAKE_RTLSDR_STATE");
	snprintf(path, sizeof path, "%s/%s", folder ? folder : "/nonexistent", name);
	return path;
}

static int there(const char *name) { return access(state_file(name), F_OK) == 0; }

/* Make a file with a number in it, whole or not at all; whether it was not there before. */
static int leave(const char *name, double value)
{
	char whole[4096], part[4160];
	FILE *file;
	int first;
	snprintf(whole, sizeof whole, "%s", state_file(name));
	snprintf(part, sizeof part, "%s.%d", whole, (int)getpid());
	if (!(file = fopen(part, "w"))) return 0;
	fprintf(file, "%.9f\n", value);
	fclose(file);
	first = link(part, whole) == 0;
	unlink(part);
	return first;
}

static double epoch_s(void)
{
	double epoch = 0;
	FILE *file;
	leave("epoch", now_s());
	if ((file = fopen(state_file("epoch"), "r"))) {
		if (fscanf(file, "%lf", &epoch) != 1) epoch = 0;
		fclose(file);
	}
	return epoch;
}

static int fault_is(const char *kind)
{
	const char *fault = getenv("FAKE_RTLSDR_FAULT");
	return fault && strncmp(fault, kind, strlen(kind)) == 0 && fault[strlen(kind)] == '@';
}

static int fault_is_due(uint64_t transfer)
{
	const char *fault = getenv("FAKE_RTLSDR_FAULT"), *at = fault ? strchr(fault, '@') : NULL;
	return at && transfer >= strtoull(at + 1, NULL, 10) && !there("struck");
}

/* ---- what is attached ---- */

uint32_t rtlsdr_get_device_count(void) { return there("away") ? 0 : 1; }

const char *rtlsdr_get_device_name(uint32_t index) { return index ? "" : "Fake RTL2838UHIDIR"; }

int rtlsdr_get_device_usb_strings(uint32_t index, char *vendor, char *product, char *serial)
{
	if (index || there("away")) return -2;
	if (vendor) strcpy(vendor, "Fake");
	if (product) strcpy(product, "RTL2838UHIDIR");
	if (serial) strcpy(serial, SERIAL);
	return 0;
}

int rtlsdr_get_usb_strings(rtlsdr_dev_t *dev, char *vendor, char *product, char *serial)
{
	return dev ? rtlsdr_get_device_usb_strings(0, vendor, product, serial) : -1;
}

int rtlsdr_get_index_by_serial(const char *serial)
{
	if (!serial) return -1;
	if (there("away")) return -2;
	return strcmp(serial, SERIAL) ? -3 : 0;
}

int rtlsdr_open(rtlsdr_dev_t **dev, uint32_t index)
{
	rtlsdr_dev_t *made;
	if (index || there("away")) return -1;
	if (there("busy")) return -6;
	if (!(made = calloc(1, sizeof *made))) return -12;
	pthread_mutex_init(&made->lock, NULL);
	pthread_cond_init(&made->changed, NULL);
	leave("open", getpid());
	*dev = made;
	return 0;
}

int rtlsdr_close(rtlsdr_dev_t *dev)
{
	if (!dev) return -1;
	while (dev->hangs) pause();
	unlink(state_file("open"));
	free(dev);
	return 0;
}

/* ---- settings: kept and told ---- */

/* The air at a frequency. */
static FILE *air_at(uint32_t hz)
{
	char path[4096];
	const char *folder = getenv("FAKE_RTLSDR_AIRS"), *otherwise = getenv("FAKE_RTLSDR_FILE");
	snprintf(path, sizeof path, "%s/%u.cu8", folder ? folder : "/nonexistent", (unsigned)(hz / 1000));
	return fopen(access(path, R_OK) == 0 ? path : otherwise ? otherwise : "/dev/null", "rb");
}

int rtlsdr_set_center_freq(rtlsdr_dev_t *dev, uint32_t hz)
{
	double takes_s = number("FAKE_RTLSDR_TUNE_S", 0.01);
	struct timespec wait = {(time_t)takes_s, (long)(1e9 * (takes_s - (time_t)takes_s))};
	if (!dev || hz > 1766000000u || there("away")) return -1;
	dev->frequency = hz;
	if (!dev->reading) return 0;
	nanosleep(&wait, NULL);
	pthread_mutex_lock(&dev->lock);
	dev->next = air_at(hz);
	dev->tuned_s = now_s();
	pthread_mutex_unlock(&dev->lock);
	return 0;
}
uint32_t rtlsdr_get_center_freq(rtlsdr_dev_t *dev) { return dev ? dev->frequency : 0; }

int rtlsdr_set_sample_rate(rtlsdr_dev_t *dev, uint32_t hz)
{
	if (!dev || hz <= 225000 || hz > 3200000 || (hz > 300000 && hz <= 900000)) return -22;
	dev->rate = hz;
	return 0;
}
uint32_t rtlsdr_get_sample_rate(rtlsdr_dev_t *dev) { return dev ? dev->rate : 0; }

int rtlsdr_set_freq_correction(rtlsdr_dev_t *dev, int ppm)
{
	if (!dev) return -1;
	if (dev->ppm == ppm) return -2;
	dev->ppm = ppm;
	return 0;
}
int rtlsdr_get_freq_correction(rtlsdr_dev_t *dev) { return dev ? dev->ppm : 0; }

int rtlsdr_get_tuner_type(rtlsdr_dev_t *dev) { return dev ? 5 : 0; } /* R820T */

int rtlsdr_get_tuner_gains(rtlsdr_dev_t *dev, int *gains)
{
	if (!dev) return -1;
	if (gains) memcpy(gains, GAINS, sizeof GAINS);
	return N_GAINS;
}
int rtlsdr_set_tuner_gain(rtlsdr_dev_t *dev, int gain) { return dev ? (dev->gain = gain, 0) : -1; }
int rtlsdr_get_tuner_gain(rtlsdr_dev_t *dev) { return dev ? dev->gain : 0; }
int rtlsdr_set_tuner_gain_mode(rtlsdr_dev_t *dev, int manual) { return dev ? (dev->manual = manual, 0) : -1; }

int rtlsdr_get_xtal_freq(rtlsdr_dev_t *dev, uint32_t *rtl, uint32_t *tuner)
{
	if (rtl) *rtl = 28800000;
	if (tuner) *tuner = 28800000;
	return dev ? 0 : -1;
}

#define TAKEN(name, ...) int name(rtlsdr_dev_t *dev, __VA_ARGS__) { return dev ? 0 : -1; }
TAKEN(rtlsdr_set_xtal_freq, uint32_t rtl, uint32_t tuner)
TAKEN(rtlsdr_set_tuner_bandwidth, uint32_t hz)
TAKEN(rtlsdr_set_and_get_tuner_bandwidth, uint32_t hz, uint32_t *applied, int apply)
TAKEN(rtlsdr_set_tuner_if_gain, int stage, int gain)
TAKEN(rtlsdr_set_testmode, int on)
TAKEN(rtlsdr_set_agc_mode, int on)
TAKEN(rtlsdr_set_direct_sampling, int on)
TAKEN(rtlsdr_set_offset_tuning, int on)
TAKEN(rtlsdr_set_dithering, int on)
TAKEN(rtlsdr_set_bias_tee, int on)
TAKEN(rtlsdr_set_bias_tee_gpio, int gpio, int on)
TAKEN(rtlsdr_set_gpio_output, uint8_t gpio)
TAKEN(rtlsdr_set_gpio_input, uint8_t gpio)
TAKEN(rtlsdr_set_gpio_bit, uint8_t gpio, int value)
TAKEN(rtlsdr_get_gpio_bit, uint8_t gpio, int *value)
TAKEN(rtlsdr_set_gpio_byte, int value)
TAKEN(rtlsdr_get_gpio_byte, int *value)
TAKEN(rtlsdr_set_gpio_status, int *value)
TAKEN(rtlsdr_write_eeprom, uint8_t *data, uint8_t offset, uint16_t len)
TAKEN(rtlsdr_read_eeprom, uint8_t *data, uint8_t offset, uint16_t len)
int rtlsdr_get_direct_sampling(rtlsdr_dev_t *dev) { return dev ? 0 : -1; }
int rtlsdr_get_offset_tuning(rtlsdr_dev_t *dev) { return dev ? 0 : -1; }
int rtlsdr_reset_buffer(rtlsdr_dev_t *dev) { return dev ? 0 : -1; }

/* ---- samples ---- */

/* What the air held at a byte since the epoch. */
static void fill_from(FILE *air, uint64_t position, unsigned char *buf, uint32_t len)
{
	uint32_t done = 0;
	long size;
	fseek(air, 0, SEEK_END);
	if ((size = ftell(air)) <= 0) { memset(buf, 127, len); return; }
	while (done < len) {
		long at = (long)((position + done) % (uint64_t)size);
		size_t want = (size_t)(size - at) < len - done ? (size_t)(size - at) : len - done;
		fseek(air, at, SEEK_SET);
		if (fread(buf + done, 1, want, air) != want) memset(buf + done, 127, want);
		done += want;
	}
}

/* A transfer whose last byte is taken at a moment: what was taken before the tuner was told is of the air before. */
static void fill(rtlsdr_dev_t *dev, double due, double bytes_per_s, uint64_t position, unsigned char *buf, uint32_t len)
{
	uint32_t before = len;
	pthread_mutex_lock(&dev->lock);
	if (dev->next) {
		double behind = (due - dev->tuned_s) * bytes_per_s;
		before = behind <= 0 ? len : behind >= len ? 0 : len - (uint32_t)behind / 2 * 2;
	}
	fill_from(dev->air, position, buf, before);
	if (before < len) {
		fclose(dev->air);
		dev->air = dev->next;
		dev->next = NULL;
		fill_from(dev->air, position + before, buf + before, len - before);
	}
	pthread_mutex_unlock(&dev->lock);
}

/* Wait for a moment of the monotonic clock, or until cancelled. */
static void wait_until(rtlsdr_dev_t *dev, double moment)
{
	pthread_mutex_lock(&dev->lock);
	while (!dev->cancelled) {
		double left = moment - now_s();
		struct timespec until;
		if (left <= 0) break;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += (long)(1e9 * (left - (long)left));
		until.tv_sec += (long)left + until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&dev->changed, &dev->lock, &until);
	}
	pthread_mutex_unlock(&dev->lock);
}

/* Bytes in whole packets of the bus. */
static uint64_t packets(double bytes) { return (uint64_t)(bytes / PACKET) * PACKET; }

int rtlsdr_read_async(rtlsdr_dev_t *dev, callback_t cb, void *ctx, uint32_t buf_num, uint32_t buf_len)
{
	uint32_t len = buf_len ? buf_len : DEFAULT_BYTES, queue = buf_num ? buf_num : DEFAULT_TRANSFERS;
	double clock = 2 * (1 + 1e-6 * number("FAKE_RTLSDR_PPM", 0)), bytes_per_s, start, epoch;
	uint32_t rate = dev ? dev->rate : 0;
	int flat_out = getenv("FAKE_RTLSDR_FLAT_OUT") != NULL, result = 0;
	uint64_t base, transfer = 0;
	unsigned char *buf = malloc(len);
	long size = 1;

	if (!dev || dev->reading || !buf || !(dev->air = air_at(dev->frequency))) return -2;
	dev->reading = 1;
	dev->cancelled = 0;
	bytes_per_s = clock * rate;
	epoch = epoch_s();
	start = now_s();
	/* The device has listened since the epoch, whoever read it: what is lost in between is truly lost. */
	base = flat_out ? dev->position : packets((start - epoch) * bytes_per_s);

	while (!dev->cancelled) {
		uint32_t given = len;
		uint64_t dropped = (uint64_t)number("FAKE_RTLSDR_DROP", len);
		if (rate != dev->rate) {
			base += transfer * len;
			start += transfer * len / bytes_per_s;
			transfer = 0;
			bytes_per_s = clock * (rate = dev->rate);
		}
		double due = start + (double)(transfer + 1) * len / bytes_per_s;
		/* A short packet ends a transfer before its time; here what would have followed in it is lost. */
		if (fault_is("short") && fault_is_due(transfer)) given = len / 2;
		if (!flat_out) wait_until(dev, due - (len - given) / bytes_per_s);
		if (dev->cancelled) break;
		if (there("away")) { result = -4; break; }
		if (fault_is_due(transfer)) {
			leave("struck", now_s());
			if (fault_is("unplug")) { leave("away", now_s()); result = -5; break; }
			if (fault_is("error-4")) { result = -4; break; }
			if (fault_is("error-8")) { result = -8; break; }
			if (fault_is("hang-read")) for (;;) pause();
			if (fault_is("hang-close")) { dev->hangs = 1; result = -5; break; }
			if (fault_is("late")) wait_until(dev, now_s() + number("FAKE_RTLSDR_LATE_S", 0.6));
			if (fault_is("drop")) { base += dropped; start += dropped / bytes_per_s; continue; }
			if (fault_is("deaf")) { size = 0; }
		}
		if (size) fill(dev, due, bytes_per_s, base + transfer * len, buf, given);
		else memset(buf, 127, len);
		/* Behind a reader that is later than the queue is long, the device loses what comes until it is read again. */
		if (!flat_out && now_s() > due + (double)queue * len / bytes_per_s) {
			uint32_t kept;
			double resumed = now_s();
			for (kept = 0; kept < queue && !dev->cancelled; kept++, transfer++) {
				if (kept && size) fill(dev, due, bytes_per_s, base + transfer * len, buf, len);
				cb(buf, kept ? len : given, ctx);
			}
			base += packets((resumed - start) * bytes_per_s);
			start = resumed;
			transfer = 0;
			continue;
		}
		cb(buf, given, ctx);
		transfer++;
		dev->position = base + transfer * len;
	}
	fclose(dev->air);
	free(buf);
	dev->reading = 0;
	return result;
}

int rtlsdr_wait_async(rtlsdr_dev_t *dev, callback_t cb, void *ctx) { return rtlsdr_read_async(dev, cb, ctx, 0, 0); }

int rtlsdr_cancel_async(rtlsdr_dev_t *dev)
{
	if (!dev) return -1;
	if (!dev->reading) return -2;
	pthread_mutex_lock(&dev->lock);
	dev->cancelled = 1;
	pthread_cond_broadcast(&dev->changed);
	pthread_mutex_unlock(&dev->lock);
	return 0;
}

int rtlsdr_read_sync(rtlsdr_dev_t *dev, void *buf, int len, int *n_read)
{
	if (!dev) return -1;
	memset(buf, 127, len);
	*n_read = len;
	return 0;
}
