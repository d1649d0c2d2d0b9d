// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope age, ... and lists of them: questions that are answered from one
 * walk. It must not know any question.
 */
#include <string.h>

#include "../analyze/attributes.h"
#include "cmd.h"
#include "questions.h"

/* One question of this look. */
struct asked {
	const struct vs_question *question;
	void *state;
	char missing[200];		/* why it has no answer; empty: it has one */
};

struct ask {
	struct asked asked[VS_MAX_QUESTIONS];
	int nr;
	bool memory;			/* was short */
};

static int extent(void *context, const struct vs_model *model, const struct vs_vma *vma,
		  const struct vs_extent *extent)
{
	struct ask *ask = context;

	(void)model;
	for (int i = 0; i < ask->nr; i++) {
		const struct asked *asked = &ask->asked[i];

		if (!asked->state || !asked->question->extent)
			continue;
		if (asked->question->extent(asked->state, vma, extent)) {
			ask->memory = true;
			return -1;
		}
	}
	return 0;
}

static int detail(void *context, const struct vs_model *model, const struct vs_vma *vma,
		  const struct vs_detail *detail)
{
	struct ask *ask = context;

	(void)model;
	for (int i = 0; i < ask->nr; i++) {
		const struct asked *asked = &ask->asked[i];

		if (!asked->state || !asked->question->detail)
			continue;
		if (asked->question->detail(asked->state, vma, detail)) {
			ask->memory = true;
			return -1;
		}
	}
	return 0;
}

static int no_memory(void)
{
	vs_say("out of memory: ask fewer questions at once");
	return VS_EXIT_CANNOT;
}

/* What the source cannot tell leaves its question without an answer. */
static bool answerable(struct asked *asked, const struct vs_model *model, unsigned int want)
{
	uint64_t lacking = asked->question->need & ~model->kernel.key;
	char names[160];

	if (vs_wanted_details(want) & ~model->kernel.details) {
		snprintf(asked->missing, sizeof(asked->missing), "the source cannot tell %s",
			 want & VS_WANT_FILL & ~asked->question->want ?
			 "what of huge pages is zero (ask without --fill)" : "page tables");
		return false;
	}
	if (!lacking)
		return true;
	vs_key_names(lacking, names, sizeof(names));
	snprintf(asked->missing, sizeof(asked->missing), "the source cannot tell %s", names);
	return false;
}

/* A snapshot that holds what was read shows it unasked. */
static unsigned int wanted(const struct vs_question *question, const struct vs_session *session)
{
	bool held = session->options->from &&
		!(vs_wanted_details(question->fill) & ~session->model.kernel.details);

	return question->want | (session->options->fill || held ? question->fill : 0);
}

static int begin(struct ask *ask, const struct vs_session *session, struct vs_request *request)
{
	const struct vs_model *model = &session->model;
	int answers = 0;

	for (int i = 0; i < ask->nr; i++) {
		struct asked *asked = &ask->asked[i];
		const struct vs_question *question = asked->question;
		uint64_t key = question->need | (question->wish & model->kernel.key);
		unsigned int want = wanted(question, session);

		if (!answerable(asked, model, want))
			continue;
		asked->state = question->begin(model);
		if (!asked->state)
			return no_memory();
		answers++;
		request->want |= want | (key ? VS_WANT_EXTENTS : 0);
		request->key |= key;
		request->holes |= question->holes;
	}
	if (answers)
		return VS_EXIT_OK;
	vs_say("%s: %s: 'vmscope doctor' tells what does not work here and why",
	       ask->asked[0].question->name, ask->asked[0].missing);
	return VS_EXIT_CANNOT;
}

static int conclude(const struct asked *asked, const struct vs_session *session)
{
	const struct vs_question *question = asked->question;

	if (question->finish(asked->state))
		return -1;
	if (!question->live)
		return 0;
	return question->live(asked->state, session->options);
}

static int collect(struct ask *ask, struct vs_session *session)
{
	struct vs_request request = { .want = VS_WANT_PROCESS };
	int err;

	for (int i = 0; i < ask->nr; i++)
		if (ask->asked[i].question->need)
			request.want |= VS_WANT_KEY;
	err = vs_session_collect(session, &request);
	request = (struct vs_request){
		.want = VS_WANT_PROCESS | VS_WANT_VMAS | VS_WANT_TALLIES,
		.unpaced = session->options->unpaced,
		.timeout_ns = session->options->timeout_ns,
		.extent = extent,
		.detail = detail,
		.context = ask,
	};
	if (!err)
		err = begin(ask, session, &request);
	if (!err)
		err = vs_session_collect(session, &request);
	if (!err && ask->memory)
		err = no_memory();
	for (int i = 0; !err && i < ask->nr; i++)
		if (ask->asked[i].state && conclude(&ask->asked[i], session))
			err = no_memory();
	return err;
}

static void screen(const struct ask *ask, const struct vs_style *style,
		   const struct vs_report *report)
{
	struct vs_flow flow;

	vs_report_begin(style, report);
	for (int i = 0; i < ask->nr; i++) {
		const struct asked *asked = &ask->asked[i];

		fputc('\n', style->out);
		if (asked->state) {
			asked->question->screen(style, report, asked->state);
			continue;
		}
		vs_flow_begin(&flow, style, "", 0);
		vs_flow_item(&flow, "", "%s: no answer:", asked->question->name);
		vs_flow_words(&flow, asked->missing);
		vs_flow_end(&flow);
	}
}

static void json(const struct ask *ask, const struct vs_report *report)
{
	json_t *missing = json_object();
	struct vs_json json;

	vs_report_begin_json(&json, stdout, report);
	for (int i = 0; i < ask->nr; i++) {
		const struct asked *asked = &ask->asked[i];

		vs_json_member(&json, asked->question->name, asked->state ?
			       asked->question->json(report, asked->state) : json_null());
		if (!asked->state)
			json_object_set_new(missing, asked->question->name,
					    json_string(asked->missing));
	}
	vs_json_member(&json, "missing", missing);
	vs_json_end(&json);
}

static int look(const struct vs_options *options, struct ask *ask)
{
	struct vs_session session;
	struct vs_style style;
	int result;

	result = vs_session_open(&session, options, vs_target_argument(options));
	if (!result)
		result = collect(ask, &session);
	if (!result) {
		vs_style_init(&style, options);
		if (options->json)
			json(ask, &session.report);
		else
			screen(ask, &style, &session.report);
		result = vs_session_result(&session);
	}
	for (int i = 0; i < ask->nr; i++)
		if (ask->asked[i].state)
			ask->asked[i].question->end(ask->asked[i].state);
	vs_session_close(&session);
	return result;
}

int vs_cmd_ask(const struct vs_options *options)
{
	const struct vs_question *question[VS_MAX_QUESTIONS];
	struct ask ask = { .nr = vs_questions_parse(options->verb_text, question) };

	for (int i = 0; i < ask.nr; i++)
		ask.asked[i].question = question[i];
	return look(options, &ask);
}
