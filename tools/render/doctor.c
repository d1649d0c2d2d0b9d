// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Telling the findings. It must not examine anything.
 */
#include "doctor.h"
#include "report.h"

/* Colours that differ in lightness too; the words say it without. */
static const struct {
	const char *word;
	const char *color;
	const char *key;
} verdicts[] = {
	[VS_WORKS] = { "ok", "\033[38;5;36m", "works" },
	[VS_LIMITED] = { "some", "\033[38;5;214m", "limited" },
	[VS_MISSING] = { "NO", "\033[1;38;5;166m", "missing" },
	[VS_TOLD] = { "--", "", "told" },
};

static void one_check(const struct vs_style *style, const struct vs_check *check)
{
	char label[40], clean[700];
	struct vs_flow flow;

	if (style->color)
		fputs(verdicts[check->verdict].color, style->out);
	fprintf(style->out, "%-5s", verdicts[check->verdict].word);
	if (style->color)
		fputs("\033[0m", style->out);
	snprintf(label, sizeof(label), "%-21s ", check->name);
	vs_flow_begin(&flow, style, label, 22);
	flow.column += 5;
	flow.indent = style->width < 60 ? 5 : 27;
	vs_flow_words(&flow, vs_clean(check->finding, clean, sizeof(clean)));
	vs_flow_end(&flow);
	if (!*check->next)
		return;
	vs_flow_begin(&flow, style, "", flow.indent);
	vs_flow_item(&flow, " ", "->");
	vs_flow_words(&flow, vs_clean(check->next, clean, sizeof(clean)));
	vs_flow_end(&flow);
}

void vs_doctor_screen(const struct vs_style *style, const struct vs_health *health)
{
	struct vs_flow flow;

	for (int i = 0; i < health->nr; i++)
		one_check(style, &health->check[i]);
	fputc('\n', style->out);
	vs_flow_begin(&flow, style, "", 0);
	vs_flow_words(&flow, health->module_works ?
		"The module works: figures come from the page tables themselves." :
		"The module does not work here: figures come from procfs, and some are missing.");
	vs_flow_end(&flow);
}

int vs_doctor_json(FILE *out, const struct vs_health *health)
{
	struct vs_json json;

	vs_json_begin(&json, out);
	vs_json_member(&json, "schema", json_string(VS_SCHEMA));
	vs_json_member(&json, "verb", json_string("doctor"));
	vs_json_member(&json, "tool", json_pack("{s:s}", "version", VS_VERSION));
	vs_json_member(&json, "module_works", json_boolean(health->module_works));
	vs_json_array(&json, "checks");
	for (int i = 0; i < health->nr; i++) {
		const struct vs_check *check = &health->check[i];

		vs_json_element(&json, json_pack("{s:s, s:s, s:o, s:o}", "name", check->name,
			"verdict", verdicts[check->verdict].key,
			"finding", vs_json_text(check->finding),
			"next", vs_json_text(*check->next ? check->next : NULL)));
	}
	vs_json_array_end(&json);
	return vs_json_end(&json);
}
