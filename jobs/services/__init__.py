"""What a person asked for: one verb a module. Pages and the API both call these.

    submission.submit, presets.submit               write a job
    stopping.stop                                    stop or withdraw one
    archiving.archive, .restore                      leave one out of lists, or bring it back
    many.on_these, .on_matching                      one of these for many jobs
    results.outputs, .preview, .download             what a job wrote
    logs.page, .since, .jump, .count_errors, .text_file  what a job said
    models.register                                  make a model in SageMaker
    connections.create, .test                        where jobs run
    sample.run, .fields, .find_model                  the sample job
    bootstrap.bootstrap                              a first team, connection and sample

All raise errors from jobs.services.errors, and SpecError (transform.spec) for a request that breaks a rule.
"""
