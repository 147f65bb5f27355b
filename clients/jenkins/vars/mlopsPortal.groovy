// A step of a shared library: put this file into its folder `vars`.
//
//   mlopsPortal(url: 'https://portal.example.org', team: 'demand-forecast', credentialsId: 'mlops-portal',
//               measurements: 'ci.runs_30d=42 ci.success_rate_30d=93%', level: 2)
//
// Without `measurements` nothing is pushed, without `level` nothing is checked.
def call(Map given) {
    withCredentials([string(credentialsId: given.credentialsId, variable: 'MLOPS_PORTAL_TOKEN')]) {
        withEnv([
            "MLOPS_PORTAL_URL=${given.url}",
            "MLOPS_PORTAL_TEAM=${given.team}",
            "MLOPS_PORTAL_MEASUREMENTS=${given.measurements ?: ''}",
            "MLOPS_PORTAL_LEVEL=${given.level == null ? '' : given.level}",
            "MLOPS_PORTAL_CAPABILITY=${given.capability ?: ''}",
        ]) {
            // In single quotes: Groovy puts nothing in, the shell reads the environment.
            sh '''
                set -eu
                command=$(mktemp)
                trap 'rm -f "$command"' EXIT
                curl -fsS --retry 3 --output "$command" "${MLOPS_PORTAL_URL%/}/clients/mlops_portal_push.py"
                if [ -n "$MLOPS_PORTAL_MEASUREMENTS" ]; then
                    python3 "$command" push
                fi
                if [ -n "$MLOPS_PORTAL_LEVEL" ]; then
                    python3 "$command" check --level "$MLOPS_PORTAL_LEVEL" --capability "$MLOPS_PORTAL_CAPABILITY"
                fi
            '''
        }
    }
}
