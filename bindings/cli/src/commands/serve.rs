//! `mappe serve`: the authority and the university as HTTP servers.

use std::process::ExitCode;

use tracing_subscriber::EnvFilter;
use wallet_core::codec::{Json, Object};
use wallet_server::{
    AuthorityService, Host, HostConfig, HostError, IdentityKind, Service, UniversityService, asked_to_stop,
};

use super::trust;
use crate::args::{ServeArgs, ServeCommand};
use crate::report::{Failure, Outcome};

/// The names in development certificates.
const SCHOOL: &str = "School office of Musterhausen";
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
const UNIVERSITY: &str = "University of Musterhausen";

pub(crate) fn run(command: ServeCommand) -> Outcome {
    match command {
        ServeCommand::Authority(args) => {
            let name = args.name.clone().unwrap_or_else(|| SCHOOL.to_owned());
            let mut host = prepare(&args, &name, IdentityKind::Issuer)?;
            let service = AuthorityService::open(&mut host, &name).map_err(|error| failed(&error))?;
            answer(host, service, "authority", &args)
        }
        ServeCommand::University {
            serve: args,
            trust,
            signer,
        } => {
            let (store, _) = trust::store_of(&trust, signer.as_deref(), args.dev)?;
            let name = args.name.clone().unwrap_or_else(|| UNIVERSITY.to_owned());
            let mut host = prepare(&args, &name, IdentityKind::Access)?;
            let service = UniversityService::open(&mut host, store).map_err(|error| failed(&error))?;
            answer(host, service, "university", &args)
        }
    }
}

fn prepare(args: &ServeArgs, name: &str, kind: IdentityKind) -> Result<Host, Failure> {
    let mut config = HostConfig::development(&args.data, name);
    config.listen = args.listen;
    config.port = args.port;
    config.url.clone_from(&args.url);
    config.dev = args.dev;
    Host::prepare(&config, kind).map_err(|error| failed(&error))
}

pub(crate) fn failed(error: &HostError) -> Failure {
    Failure::usage(error.code(), "the server does not start", error, error.remedy())
}

fn answer(host: Host, service: impl Service, role: &str, args: &ServeArgs) -> Outcome {
    // The level is the operator's to choose; what dependencies would log is not: it could hold what was sent.
    let level = std::env::var("MAPPE_LOG")
        .ok()
        .filter(|level| LEVELS.contains(&level.as_str()));
    let filter = EnvFilter::new(format!("off,wallet_server={}", level.as_deref().unwrap_or("info")));
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let _ = subscriber.try_init();
    let token = host.data().join("management.token");
    if args.json {
        let ready = Object::new()
            .with("listening", Json::from(host.base().as_str()))
            .with("role", Json::from(role))
            .with("mode", Json::from(if args.dev { "development" } else { "production" }))
            .with("management_token", Json::from(token.display().to_string()));
        outln!("{ready}");
    } else {
        let mode = if args.dev {
            " in development mode (plain HTTP, test certificates)"
        } else {
            ""
        };
        outln!("{role} listening on {}{mode}", host.base());
        outln!("management calls need the token in {}", token.display());
    }
    // Whoever started the server waits for the line.
    let _ = std::io::Write::flush(&mut std::io::stdout());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::file("the runtime".as_ref(), &error))?;
    runtime
        .block_on(host.run(service, asked_to_stop()))
        .map_err(|error| Failure::file("the listener".as_ref(), &error))?;
    Ok(ExitCode::SUCCESS)
}
