/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/time.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *name;
    double seconds;
} units[] = {
    {"", 1},   {"s", 1},    {"ms", 1e-3}, {"us", 1e-6},
    {"m", 60}, {"min", 60}, {"h", 3600},  {"d", 86400},
};

bool ka_duration_parse(const char *text, ka_time *out)
{
    char *end;
    if ((text[0] < '0' || text[0] > '9') && text[0] != '.')
        return false;
    errno = 0;
    double value = strtod(text, &end);
    if (end == text || errno != 0 || !isfinite(value))
        return false;
    if (strspn(text, "0123456789.") != (size_t)(end - text))
        return false; /* strtod reads hexadecimal numbers, too */
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(end, units[i].name) != 0)
            continue;
        double seconds = value * units[i].seconds;
        if (seconds < 0 || seconds > 100.0 * 366 * 86400)
            return false;
        *out = (ka_time)llround(seconds * 1e9);
        return true;
    }
    return false;
}

/* Whole seconds and the fraction below, for instants from the epoch on. */
static time_t split(ka_time time, unsigned digits, char *fraction, size_t size)
{
    if (time == KA_TIME_NONE || time < 0)
        time = 0;
    fraction[0] = '\0';
    if (digits > 9)
        digits = 9;
    if (digits > 0)
        snprintf(fraction, size, ".%09lld", (long long)(time % KA_SECOND));
    if (digits < 9)
        fraction[digits > 0 ? digits + 1 : 0] = '\0';
    return (time_t)(time / KA_SECOND);
}

void ka_time_rfc3339(ka_time time, unsigned digits, char *out)
{
    char fraction[16];
    char whole[24];
    struct tm parts;
    time_t seconds = split(time, digits, fraction, sizeof(fraction));
    gmtime_r(&seconds, &parts);
    strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out, KA_TIME_TEXT_SIZE, "%s%sZ", whole, fraction);
}

void ka_time_clock(ka_time time, unsigned digits, bool utc, char *out)
{
    char fraction[16];
    char whole[24];
    struct tm parts;
    time_t seconds = split(time, digits, fraction, sizeof(fraction));
    if (utc)
        gmtime_r(&seconds, &parts);
    else
        localtime_r(&seconds, &parts);
    strftime(whole, sizeof(whole), "%H:%M:%S", &parts);
    snprintf(out, KA_TIME_TEXT_SIZE, "%s%s", whole, fraction);
}

void ka_time_date(ka_time time, bool utc, char *out)
{
    char fraction[16];
    struct tm parts;
    time_t seconds = split(time, 0, fraction, sizeof(fraction));
    if (utc)
        gmtime_r(&seconds, &parts);
    else
        localtime_r(&seconds, &parts);
    strftime(out, KA_TIME_TEXT_SIZE, "%Y-%m-%d", &parts);
}

void ka_duration_text(ka_time duration, char *out)
{
    if (duration == KA_TIME_NONE || duration < 0) {
        memcpy(out, "?", 2);
        return;
    }
    double seconds = (double)duration / 1e9;
    long long minutes = llround(seconds / 60);
    if (seconds > 0 && seconds < 0.0001)
        snprintf(out, KA_TIME_TEXT_SIZE, "%.3g us", seconds * 1e6);
    else if (seconds < 0.09995)
        snprintf(out, KA_TIME_TEXT_SIZE, "%.1f ms", seconds * 1e3);
    else if (seconds < 600)
        snprintf(out, KA_TIME_TEXT_SIZE, seconds < 10 ? "%.2f s" : "%.1f s", seconds);
    else if (minutes < 120 && minutes % 60 != 0)
        snprintf(out, KA_TIME_TEXT_SIZE, "%lld min", minutes);
    else if (minutes < 48 * 60)
        snprintf(out, KA_TIME_TEXT_SIZE, minutes % 60 != 0 ? "%lld h %lld min" : "%lld h",
                 minutes / 60, minutes % 60);
    else
        snprintf(out, KA_TIME_TEXT_SIZE, "%lld d %lld h", minutes / 1440, minutes % 1440 / 60);
}
